/**
 * Conversations by chance through a router: both sides of a few connections, mostly as they should be, with segments
 * repeated, out of window or out of place, time passing, errors about them, and rules that meet them again and again.
 */
import fc from 'fast-check';
import type { HostDescription, ScenarioIcmp, ScenarioPacket } from '../../src-sim/sim/scenario';

export interface Conversations {
  readonly rules: string;
  readonly host: HostDescription;
  readonly packets: readonly ScenarioPacket[];
}

const ROUTER: HostDescription = {
  interfaces: {
    eth0: { addresses: ['203.0.113.1/24'] },
    eth1: { addresses: ['10.0.0.1/24'] },
    eth2: { addresses: [] },
  },
  routes: ['default via 203.0.113.254 dev eth0', '192.0.2.0/25 via 10.0.0.9', 'blackhole 192.0.2.128/25'],
  listen: ['tcp/22'],
};

/** A table that begins with a translated connection. */
const KNOWN =
  'ipv4 2 tcp 6 300 ESTABLISHED src=198.51.100.7 dst=203.0.113.1 sport=1024 dport=80 ' +
  'src=10.0.0.2 dst=198.51.100.7 sport=80 dport=1024 [ASSURED] mark=0 zone=0 use=2';

const hosts: fc.Arbitrary<HostDescription> = fc
  .record({
    loose: fc.constantFrom(1, 1, 0),
    liberal: fc.constantFrom(0, 0, 1),
    retransmissions: fc.constantFrom(3, 1),
    max: fc.constantFrom(1000, 1000, 3),
    filter: fc.constantFrom(0, 1),
    accounting: fc.constantFrom(0, 0, 1),
    kernel: fc.constantFrom('6.18', '6.18', '6.1', '4.19', '3.10'),
    conntrack: fc.constantFrom([], [], [KNOWN]),
  })
  .map(({ loose, liberal, retransmissions, max, filter, accounting, kernel, conntrack }) => ({
    ...ROUTER,
    kernel,
    conntrack,
    sysctl: {
      'net.ipv4.ip_forward': 1,
      'net.ipv4.conf.all.rp_filter': filter,
      'net.netfilter.nf_conntrack_tcp_loose': loose,
      'net.netfilter.nf_conntrack_tcp_be_liberal': liberal,
      'net.netfilter.nf_conntrack_tcp_max_retrans': retransmissions,
      'net.netfilter.nf_conntrack_max': max,
      'net.netfilter.nf_conntrack_acct': accounting,
    },
  }));

const CONDITIONS = [
  '-m conntrack --ctstate ESTABLISHED,RELATED',
  '-m conntrack --ctstate INVALID',
  '-m conntrack --ctstate NEW',
  '-m conntrack --ctstate DNAT',
  '-m conntrack --ctstatus ASSURED',
  '-p tcp --dport 80',
  '-p tcp --tcp-flags SYN,ACK,FIN,RST SYN',
  '-p udp',
  '-p icmp',
  '-i eth0 -o eth1',
  '-s 198.51.100.0/25',
  '! -d 10.0.0.2/32',
  '-d 10.0.0.0/30 -p tcp --sport 1024:2000',
  '-m mark --mark 1',
  '-m limit --limit 1/s --limit-burst 3',
  '-m statistic --mode nth --every 3 --packet 0',
  '-m connbytes --connbytes 3 --connbytes-dir both --connbytes-mode packets',
  '-m connmark --mark 1',
  '-m length --length 40:100',
  '-m ttl --ttl-gt 5',
  '',
];
const TARGETS = [
  'ACCEPT',
  'ACCEPT',
  'DROP',
  'RETURN',
  'MARK --set-mark 1',
  'own',
  'LOG',
  'REJECT',
  'CONNMARK --set-mark 1',
];

function chain(name: string): fc.Arbitrary<readonly string[]> {
  const targets = TARGETS.filter((target) => name !== 'own' || target !== 'own');
  const rule = fc
    .tuple(fc.constantFrom(...CONDITIONS), fc.constantFrom(...targets))
    .map(([condition, target]) => `-A ${name} ${condition} -j ${target}`);
  return fc.array(rule, { maxLength: 5 });
}

const NAT = [
  '',
  '',
  '*nat\nCOMMIT\n',
  '*nat\n-A POSTROUTING -o eth0 -j MASQUERADE\nCOMMIT\n',
  '*nat\n-A PREROUTING -i eth0 -p tcp --dport 80 -j DNAT --to-destination 10.0.0.2\nCOMMIT\n',
  '*nat\n-A PREROUTING -m mark --mark 1 -j DNAT --to-destination 10.0.0.3\n-A POSTROUTING -s 10.0.0.0/24 -j SNAT --to-source 203.0.113.9:3000-3001\nCOMMIT\n',
];
const RAW = [
  '',
  '',
  '',
  '*raw\n-A PREROUTING -p udp -j CT --zone 2\nCOMMIT\n',
  '*raw\n-A PREROUTING -p udp -j NOTRACK\nCOMMIT\n',
];

const rulesets: fc.Arbitrary<string> = fc
  .record({
    raw: fc.constantFrom(...RAW),
    nat: fc.constantFrom(...NAT),
    policy: fc.constantFrom('ACCEPT', 'ACCEPT', 'DROP'),
    mangle: fc.option(fc.tuple(chain('PREROUTING'), chain('POSTROUTING')), { nil: undefined }),
    filter: fc.tuple(chain('FORWARD'), chain('own'), chain('INPUT')),
  })
  .map(({ raw, nat, policy, mangle, filter }) => {
    const marks = (mangle ?? []).flat().filter((line) => !/-j (?:REJECT|own)|-o eth1/.test(line));
    const lines = filter.flat().filter((line) => !/^-A INPUT .*-o eth1/.test(line));
    return [
      raw + nat + (mangle ? `*mangle\n${marks.join('\n')}\nCOMMIT` : ''),
      `*filter\n:FORWARD ${policy} [0:0]\n:own - [0:0]\n${lines.join('\n')}\nCOMMIT\n`,
    ].join('\n');
  });

const CLIENTS = ['198.51.100.7', '198.51.100.200', '10.0.0.2'];
const SERVERS = ['203.0.113.1', '10.0.0.2', '10.0.0.3', '192.0.2.9', '192.0.2.200', '10.0.0.0', '198.51.100.9'];

/** What the sides have sent so far, as far as the segments follow each other. */
interface Side {
  seq: number;
  ack: number;
  /** The last of its packets, which may come again. */
  last?: ScenarioPacket;
}

const step = fc.record({
  client: fc.constantFrom(...CLIENTS),
  server: fc.constantFrom(...SERVERS),
  port: fc.constantFrom(1024, 1025),
  isAnswer: fc.boolean(),
  kind: fc.constantFrom(
    'next',
    'next',
    'next',
    'next',
    'next',
    'again',
    'same',
    'same',
    'odd',
    'udp',
    'udp',
    'error',
    'fragment',
  ),
  flags: fc.constantFrom('A', 'A', 'A', 'PA', 'FA', 'R', 'RA', 'S', 'AU', 'SF'),
  dataLength: fc.constantFrom(0, 0, 1, 500, 1460),
  offset: fc.constantFrom(0, 1, -1, 2000, -70_000, 0x7fff_ffff, 0x8000_0000),
  window: fc.constantFrom(65_535, 65_535, 1000, 1, 0),
  scale: fc.constantFrom(undefined, undefined, 0, 7, 14),
  wait: fc.constantFrom(0, 0, 0, 0, 0, 0.5, 40, 130, 400),
  ttl: fc.constantFrom(64, 64, 64, 2, 1),
  start: fc.constantFrom(0, 1000, 0xffff_fff0),
});

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Steps become packets: a segment is what follows from those of its connection before it, or near it. */
function packetsOf(steps: readonly Step[]): readonly ScenarioPacket[] {
  const connections = new Map<string, Side>();
  return steps.map((one) => {
    const key = `${one.client} ${one.server} ${one.port}`;
    const isNew = !connections.has(key);
    const side = connections.get(key) ?? { seq: one.start, ack: one.start };
    connections.set(key, side);
    if (one.kind === 'same' && side.last) return { ...side.last, wait: one.wait };
    if (one.kind === 'error') return errorAbout(one, side);
    side.last = packetOf(one, side, isNew);
    return side.last;
  });
}

function packetOf(one: Step, side: Side, isNew: boolean): ScenarioPacket {
  const { client, server, port, isAnswer, kind, dataLength: payload, wait, ttl } = one;
  const [src, dst] = isAnswer ? [server, client] : [client, server];
  const [sport, dport] = isAnswer ? [80, port] : [port, 80];
  const ends = {
    in: src.startsWith('10.') || src.startsWith('192.') ? 'eth1' : 'eth0',
    src,
    dst,
    sport,
    dport,
    wait,
    ttl,
  };
  if (kind === 'udp') return { ...ends, proto: 'udp', payload };
  if (kind === 'fragment')
    return { ...ends, proto: 'udp', payload: 1000, id: 7, frag: { offset: 0, more: true, size: 504 } };
  const isHandshake = kind === 'next' && isNew;
  const flags = isHandshake ? (isAnswer ? 'SA' : 'S') : one.flags;
  const odd = kind === 'odd' ? one.offset : 0;
  const [own, other] = isAnswer ? [side.ack, side.seq] : [side.seq, side.ack];
  const seq = (own + odd) >>> 0;
  const sent = payload + (/[SF]/.test(flags) ? 1 : 0);
  if (kind === 'next' && isAnswer) side.ack = (own + sent) >>> 0;
  else if (kind === 'next') side.seq = (own + sent) >>> 0;
  const options = /S/.test(flags) && one.scale !== undefined ? { wscale: one.scale, mss: 1460, sackok: true } : {};
  return { ...ends, proto: 'tcp', flags, seq, ack: other, win: one.window, payload, ...options };
}

function errorAbout(one: Step, side: Side): ScenarioPacket {
  const inner = packetOf({ ...one, kind: 'again', wait: 0 }, side, false);
  const icmp: ScenarioIcmp = { type: 3, code: 1, inner };
  return { in: one.isAnswer ? 'eth0' : 'eth1', src: inner.dst, dst: inner.src, proto: 'icmp', icmp, wait: one.wait };
}

export const conversations: fc.Arbitrary<Conversations> = fc
  .record({
    rules: rulesets,
    host: hosts,
    steps: fc.array(step, { minLength: 10, maxLength: 120, size: 'max' }),
    hasFewHosts: fc.boolean(),
  })
  .map(({ rules, host, steps, hasFewHosts }) => {
    // With one connection or two most segments meet an entry that is far on.
    const few = (one: Step) => ({
      ...one,
      client: '198.51.100.7',
      server: one.port === 1024 ? '10.0.0.2' : '203.0.113.1',
    });
    return { rules, host, packets: packetsOf(hasFewHosts ? steps.map(few) : steps) };
  });
