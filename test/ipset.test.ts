/** ipsets: what `ipset restore` takes and refuses, and what a scenario without them means. Packets: test/data/kernel. */
import { describe, expect, it } from 'vitest';
import { runScenario } from '../server/src/analysis/run-scenario';
import { readIpsets } from '../src-sim/host/ipset-save';
import { parsePacketLine } from '../src-sim/sim/packet-line';

const INTERFACES = { eth0: { addresses: ['203.0.113.1/24'] }, eth1: { addresses: ['10.0.0.1/24'] } };

/** How often the rule took one of the packets. */
function taken(sets: string, match: string, ...lines: readonly string[]): number | undefined {
  const packets = lines.map((text) => {
    const line = parsePacketLine(text);
    if (!line.ok) throw new Error(line.error);
    return line.packet;
  });
  const host = { interfaces: INTERFACES, sysctl: { 'net.ipv4.ip_forward': 1 }, ipsets: sets };
  const result = runScenario({ rules: `*filter\n-A FORWARD ${match}\nCOMMIT\n`, host, packets });
  expect(result.load).toEqual({ ok: true, error: '' });
  return result.counters['filter:FORWARD:1']?.[0];
}

const UDP = 'in eth0 udp 198.51.100.7:4000 > 10.0.0.2:53';

describe('what ipset restore says', () => {
  // Each refused by ipset 7.17 on Linux 6.18, for this reason.
  it.each([
    ['add s 10.0.0.1', 'line 1: the set s does not exist'],
    ['create s hash:ip\ncreate s hash:ip', 'line 2: the set s exists already'],
    ['create s hash:ip\nadd s 10.0.0.1\nadd s 10.0.0.1', 'line 3: 10.0.0.1 cannot be added'],
    ['create s hash:ip maxelem 1\nadd s 10.0.0.1\nadd s 10.0.0.2', 'line 3: the set s is full'],
    ['create s hash:ip\nadd s 2001:db8::1', "line 2: 2001:db8::1 is not of the set's family"],
    ['create s hash:ip,port\nadd s 10.0.0.1', 'line 2: 10.0.0.1 has not 2 parts'],
    ['create s hash:ip\nadd s 10.0.0.1 nomatch', 'line 2: hash:ip knows no nomatch'],
    ['create s bitmap:ip', 'line 1: a bitmap needs its range'],
    ['create s bitmap:ip range 10.0.0.0/24\nadd s 10.0.1.1', 'line 2: 10.0.1.1 is out of the range of the set'],
    ['create l list:set\nadd l s', 'line 2: the set s does not exist'],
    ['create s hash:ip\ndel s 10.0.0.1', 'line 2: 10.0.0.1 is not in the set s'],
    ['create s hash:ip\nadd s 10.0.0.1 timeout 5', 'line 2: the set s has no timeouts'],
    ['create s hash:ip\nadd s 10.0.0.1 packets 5', 'line 2: the set s has no counters'],
    ['create s hash:ip\nadd s 10.0.0.1 skbmark 0x1', 'line 2: the set s has no skbinfo'],
    ['create s hash:ip\nadd s 10.0.0.0/33', 'line 2: 10.0.0.0/33 is not a network'],
    ['create s hash:net\nadd s 10.0.0.0/0', 'line 2: hash:net cannot hold 10.0.0.0/0'],
    ['create s hash:ip,port\nadd s 10.0.0.1,tcp:nosuch', 'line 2: nosuch is not a port'],
    ['create s bitmap:port range 1-10\nadd s 11', 'line 2: 11 is out of the range of the set'],
    ['create s list:set\ncreate l list:set\nadd l s', 'line 3: s is a list itself'],
    ['create s hash:ip family inet6\nadd s 2001:db8::/64', 'line 2: 2001:db8::/64 is not one address'],
    ['create s hash:ip\nadd s 0.0.0.0', 'line 2: 0.0.0.0 cannot be stored'],
    ['create s hash:nothing', 'line 1: hash:nothing is not a type of set'],
    ['create s hash:ip colour red', 'line 1: colour is not an option here'],
    ['renew s', 'line 1: renew is not a command'],
  ])('%j is refused: %s', (text, reason) => {
    expect(() => readIpsets(text)).toThrow(`ipset ${reason}`);
  });

  it('takes what is there already where -exist says so', () => {
    const text =
      'create s hash:ip\ncreate s hash:ip -exist\nadd s 10.0.0.1\nadd s 10.0.0.1 -exist\ndel s 1.1.1.1 -exist';
    expect([...readIpsets(text).keys()]).toEqual(['s']);
  });

  it('reads comments, empty lines and quoted words', () => {
    const text = '# saved\n\ncreate s hash:ip comment\nadd s 10.0.0.1 comment "a b"\nflush s\ndestroy s\n';
    expect(readIpsets(text).size).toBe(0);
  });
});

describe('what a set holds', () => {
  it.each([
    ['create s hash:net\nadd s 198.51.100.4-198.51.100.9', '-m set --match-set s src', 1],
    ['create s hash:net\nadd s 198.51.100.8-198.51.100.9', '-m set --match-set s src', 0],
    ['create s hash:net\nadd s 0.0.0.0/1\nadd s 128.0.0.0/1', '-m set --match-set s src', 1],
    ['create s hash:ip netmask 24\nadd s 198.51.100.200', '-m set --match-set s src', 1],
    ['create s bitmap:port range 50-60\nadd s 53', '-m set --match-set s dst', 1],
    ['create s hash:net,iface\nadd s 0.0.0.0/0,eth wildcard', '-m set --match-set s src,src', 1],
    ['create s hash:net,iface\nadd s 0.0.0.0/0,physdev:eth0', '-m set --match-set s src,src', 0],
    // An entry of a narrower network for another interface hides the wider one.
    ['create s hash:net,iface\nadd s 0.0.0.0/0,eth0\nadd s 198.51.0.0/16,eth1', '-m set --match-set s src,src', 0],
    ['create s hash:net,net\nadd s 198.51.0.0/16,10.0.0.0/8', '-m set --match-set s src,dst', 1],
    ['create s hash:net,port,net\nadd s 198.51.0.0/16,udp:53,10.0.0.0/8', '-m set --match-set s src,dst,dst', 1],
    ['create s hash:ip,mark markmask 0xff\nadd s 198.51.100.7,0x100', '-m set --match-set s src,src', 1],
    ['create s hash:mac\nadd s 02:00:00:00:00:02', '-m set --match-set s src', 1],
    ['create s hash:mac\nadd s 02:00:00:00:00:01', '-m set --match-set s dst', 1],
    ['create s hash:ip,mac\nadd s 198.51.100.7,02:00:00:00:00:02', '-m set --match-set s src,src', 1],
  ])('%j with %s: %i', (sets, match, count) => {
    expect(taken(sets, match, UDP)).toBe(count);
  });

  it('is forgotten when its time is over', () => {
    const sets = 'create s hash:ip timeout 10\nadd s 198.51.100.7';
    expect(taken(sets, '-m set --match-set s src', UDP, `${UDP} wait=9`, `${UDP} wait=2`)).toBe(2);
  });

  it('takes the MAC address of the first packet', () => {
    const sets = 'create s bitmap:ip,mac range 198.51.100.0/24\nadd s 198.51.100.7';
    const other = `${UDP} mac_src=02:00:00:00:00:99`;
    expect(taken(sets, '-m set --match-set s src,src', UDP, other, UDP)).toBe(2);
  });
});

describe('a host', () => {
  const rules = '*filter\n-A INPUT -p tcp\n-A INPUT -m set --match-set s src -j ACCEPT\nCOMMIT\n';
  const packets = [{ in: 'eth0', src: '198.51.100.7', dst: '203.0.113.1', proto: 'udp', sport: 1, dport: 2 }];

  it('that says nothing of sets makes the answer unsure', () => {
    const result = runScenario({ rules, host: { interfaces: INTERFACES }, packets });
    expect(result.load.ok).toBe(true);
    expect(result.packets[0]?.unsure).toEqual([
      expect.objectContaining({ reason: expect.stringContaining('what the ipset s holds is not known here') }),
    ]);
  });

  it('without the set does not load the rule', () => {
    const result = runScenario({ rules, host: { interfaces: INTERFACES, ipsets: '' }, packets });
    expect(result.load).toEqual({ ok: false, error: '3:1: the set s does not exist' });
  });

  it('whose set is of the other family does not load the rule', () => {
    const host = { interfaces: INTERFACES, ipsets: 'create s hash:ip family inet6' };
    expect(runScenario({ rules, host, packets }).load.error).toBe('3:1: the set s is of the other family');
  });

  it('whose ipset text cannot be read says so', () => {
    const host = { interfaces: INTERFACES, ipsets: 'create s' };
    expect(runScenario({ rules, host, packets }).load.error).toBe('1:1: ipset line 1:  is not a type of set');
  });
});
