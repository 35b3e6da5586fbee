/** The simulator's own promises; that its answers are the kernel's is test/kernel.test.ts. */
import { describe, expect, it } from 'vitest';
import { runScenario } from '../server/src/analysis/run-scenario';
import type { HostDescription, Scenario, ScenarioPacket } from '../src-sim/sim/scenario';
import type { PacketResult, Step } from '../src-sim/sim/trace';

const HOST: HostDescription = {
  interfaces: { eth0: { addresses: ['203.0.113.1/24'] } },
  routes: ['default via 203.0.113.254 dev eth0'],
};

/** The article's ruleset: everything out, only answers in. */
const CLIENT_RULES = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p icmp -j ACCEPT
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
COMMIT
`;

const SERVER = '198.51.100.7';

function leaving(flags: string, seq: number, ack: number): ScenarioPacket {
  return { out: true, src: '203.0.113.1', dst: SERVER, proto: 'tcp', sport: 54_786, dport: 80, flags, seq, ack };
}

function arriving(flags: string, seq: number, ack: number): ScenarioPacket {
  return { in: 'eth0', src: SERVER, dst: '203.0.113.1', proto: 'tcp', sport: 80, dport: 54_786, flags, seq, ack };
}

function states(result: PacketResult | undefined): readonly string[] {
  const told = result?.steps.filter((step): step is Step & { kind: 'conntrack' } => step.kind === 'conntrack') ?? [];
  return told.map(({ hook, state }) => `${hook} ${state}`);
}

describe('a local process connects out (the state table of a TCP connection)', () => {
  // No socket of this host opened the connection, so the kernel answers with a RST: raw drops it before conntrack sees it.
  const rules = `*raw\n:PREROUTING ACCEPT\n:OUTPUT ACCEPT\n-A OUTPUT -p tcp --tcp-flags RST RST -j DROP\nCOMMIT\n${CLIENT_RULES}`;
  const { packets } = runScenario({
    rules,
    host: HOST,
    packets: [leaving('S', 1000, 0), arriving('SA', 5000, 1001), leaving('A', 1001, 5001)],
  });

  it('is NEW at OUTPUT, its answer ESTABLISHED at PREROUTING', () => {
    expect(packets.map((packet) => states(packet)[0])).toEqual([
      'OUTPUT NEW',
      'PREROUTING ESTABLISHED',
      'OUTPUT ESTABLISHED',
    ]);
  });

  it('goes SYN_SENT [UNREPLIED], SYN_RECV, ESTABLISHED [ASSURED], with their timeouts', () => {
    const entries = packets.map(({ conntrack }) =>
      conntrack[0]?.replace(/src=.*?dport=\d+/g, 'tuple').replace(/ mark=.*/, ''),
    );
    expect(entries).toEqual([
      'ipv4 2 tcp 6 120 SYN_SENT tuple [UNREPLIED] tuple',
      'ipv4 2 tcp 6 60 SYN_RECV tuple tuple',
      'ipv4 2 tcp 6 432000 ESTABLISHED tuple tuple [ASSURED]',
    ]);
  });
});

describe('an entry can be held in SYN_RECV', () => {
  it('by dropping the SYN,ACK with --tcp-flags: conntrack saw it, the peer never does', () => {
    const rules = `*filter
:INPUT ACCEPT
:FORWARD ACCEPT
:OUTPUT ACCEPT
-A INPUT -m state --state NEW
-A OUTPUT -p tcp --tcp-flags SYN,ACK SYN,ACK -j DROP
COMMIT
`;
    const host = { ...HOST, listen: ['tcp/54786'] };
    const { packets } = runScenario({ rules, host, packets: [arriving('S', 5000, 0)] });
    expect(packets[0]?.out).toEqual([]);
    expect(packets[0]?.conntrack[0]).toContain('60 SYN_RECV');
  });
});

describe('udp and icmp', () => {
  const ask: ScenarioPacket = { out: true, src: '203.0.113.1', dst: SERVER, proto: 'udp', sport: 5353, dport: 53 };
  const answer: ScenarioPacket = { in: 'eth0', src: SERVER, dst: '203.0.113.1', proto: 'udp', sport: 53, dport: 5353 };
  const icmp = (type: number) => ({ proto: 'icmp', icmp: { type, id: 7, seq: 1 } });

  it('a datagram is NEW until one came back; only what still flows after two seconds is a stream', () => {
    const { packets } = runScenario({ rules: CLIENT_RULES, host: HOST, packets: [ask, answer, { ...ask, wait: 3 }] });
    expect(packets.map((packet) => states(packet)[0])).toEqual([
      'OUTPUT NEW',
      'PREROUTING ESTABLISHED',
      'OUTPUT ESTABLISHED',
    ]);
    expect(packets.map(({ conntrack }) => /udp 17 \d+/.exec(conntrack[0] ?? '')?.[0])).toEqual([
      'udp 17 30',
      'udp 17 30',
      'udp 17 120',
    ]);
    expect(packets[2]?.conntrack[0]).toContain('[ASSURED]');
  });

  it('an echo request is NEW, its reply ESTABLISHED, a reply out of nowhere INVALID', () => {
    const { packets } = runScenario({
      rules: CLIENT_RULES,
      host: HOST,
      packets: [
        { out: true, src: '203.0.113.1', dst: SERVER, ...icmp(8) },
        { in: 'eth0', src: SERVER, dst: '203.0.113.1', ...icmp(0) },
        { in: 'eth0', src: '198.51.100.9', dst: '203.0.113.1', ...icmp(0) },
      ],
    });
    expect(packets.map((packet) => states(packet)[0])).toEqual([
      'OUTPUT NEW',
      'PREROUTING ESTABLISHED',
      'PREROUTING INVALID',
    ]);
  });
});

describe('a dropped SYN', () => {
  it('leaves no entry', () => {
    const { packets } = runScenario({ rules: CLIENT_RULES, host: HOST, packets: [arriving('S', 1, 0)] });
    expect(packets[0]?.fate).toEqual({
      kind: 'dropped',
      where: 'filter:INPUT:policy:3',
      reason: 'the policy of INPUT is DROP',
    });
    expect(packets[0]?.conntrack).toEqual([]);
  });
});

describe('a table that is there at the start', () => {
  const line =
    'ipv4 2 tcp 6 431999 ESTABLISHED src=203.0.113.1 dst=198.51.100.7 sport=54786 dport=80 src=198.51.100.7 dst=203.0.113.1 sport=80 dport=54786 [ASSURED] mark=7 zone=0 use=2';
  const host = { ...HOST, conntrack: [line] };

  it('is found by its packets', () => {
    const { packets } = runScenario({ rules: CLIENT_RULES, host, packets: [arriving('PA', 5000, 1001)] });
    expect(states(packets[0])).toEqual(['PREROUTING ESTABLISHED']);
    expect(packets[0]?.trace[0]).toBe('filter:INPUT:rule:2');
  });

  it('is printed as it was given', () => {
    const stray: ScenarioPacket = {
      in: 'eth0',
      src: '198.51.100.9',
      dst: '203.0.113.1',
      proto: 'udp',
      sport: 1,
      dport: 2,
    };
    const { packets } = runScenario({ rules: CLIENT_RULES, host, packets: [stray] });
    expect(packets[0]?.conntrack).toEqual([line]);
  });

  it("is refused where a line is none of the kernel's", () => {
    const { load } = runScenario({ rules: CLIENT_RULES, host: { conntrack: ['tcp 6'] }, packets: [] });
    expect(load).toEqual({ ok: false, error: expect.stringContaining('not a line of nf_conntrack') });
  });
});

describe('time', () => {
  it('passes only as packets say, and entries expire in it', () => {
    const udp: ScenarioPacket = { out: true, src: '203.0.113.1', dst: SERVER, proto: 'udp', sport: 5353, dport: 53 };
    const late: ScenarioPacket = { ...udp, sport: 5354, wait: 31 };
    const { packets } = runScenario({ rules: CLIENT_RULES, host: HOST, packets: [udp, late] });
    expect(packets.map(({ time }) => time)).toEqual([0, 31]);
    expect(packets[1]?.conntrack.map((line) => /sport=\d+/.exec(line)?.[0])).toEqual(['sport=5354']);
  });
});

describe('a result', () => {
  const scenario: Scenario = {
    rules: CLIENT_RULES,
    host: HOST,
    packets: [leaving('S', 1000, 0), arriving('SA', 5000, 1001)],
    seed: 7,
  };

  it('is JSON', () => {
    const result = runScenario(scenario);
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });

  it('is the same for the same scenario and seed', () => {
    expect(runScenario(scenario)).toEqual(runScenario(scenario));
  });

  it('says why a rule did not match', () => {
    const failed = runScenario(scenario).packets[1]?.steps.filter((step) => step.kind === 'rule' && !step.matched);
    expect(failed).toMatchObject([{ chain: 'INPUT', number: 1, option: 'protocol', saw: 'the protocol is tcp' }]);
  });
});

describe('a scenario that cannot be run', () => {
  it.each([
    ['an address', { interfaces: { eth0: { addresses: ['300.1.1.1/24'] } } }],
    ['a route', { routes: ['198.51.100.0/99 dev eth0'] }],
    ['a socket', { listen: ['http'] }],
  ])('names %s', (_, host) => {
    const { load } = runScenario({ rules: CLIENT_RULES, host, packets: [] });
    expect(load.ok).toBe(false);
    expect(load.error).toMatch(/not a/);
  });
});
