/** For each change between kernel releases a scenario that shows it, with what is seen before it and since. */
import type { KernelBehaviour } from '../../../src-sim/kernel';
import type { HostDescription, Scenario, ScenarioPacket } from '../../../src-sim/sim/scenario';
import type { Result } from '../../../src-sim/sim/trace';
import { FILTER, HOST, LAN, MANGLE, numbered, OUTSIDE, showStates, table } from './network';
import { client, HANDSHAKE, server } from './self-tests';

export interface ShownChange {
  readonly packets: readonly ScenarioPacket[];
  readonly rules?: string;
  readonly host?: HostDescription;
  readonly family?: 4 | 6;
  /** What is looked at. */
  readonly see: (result: Result) => unknown;
  readonly before: unknown;
  readonly since: unknown;
}

const STATES = table('filter', FILTER, showStates('FORWARD'));

/** The state of the last packet, by the rule that counted it. */
function lastState(result: Result): string | undefined {
  return stateOf(result.packets.at(-1)?.trace ?? [], 'filter:FORWARD');
}

function stateOf(trace: readonly string[], chain: string): string | undefined {
  const numbers = trace.flatMap((step) => (step.startsWith(`${chain}:rule:`) ? [Number(step.split(':').at(-1))] : []));
  return ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'][(numbers[0] ?? 0) - 1];
}

/** Its only entry: timeout, the protocol's state, and whether it is ASSURED. */
function entry(result: Result): string {
  const [, , , , timeout = '', state = ''] = (result.packets.at(-1)?.conntrack[0] ?? '').split(' ');
  const words = [timeout, ...(state.includes('=') ? [] : [state])];
  return [...words, ...(result.packets.at(-1)?.conntrack[0]?.includes('[ASSURED]') ? ['ASSURED'] : [])].join(' ');
}

function tcpState(result: Result): string | undefined {
  return entry(result).split(' ')[1];
}

const query: ScenarioPacket = { in: 'eth1', src: LAN, dst: OUTSIDE, proto: 'udp', sport: 4000, dport: 53 };
const answer: ScenarioPacket = { in: 'eth0', src: OUTSIDE, dst: LAN, proto: 'udp', sport: 53, dport: 4000 };

const CLOSED_BY_BOTH = [...HANDSHAKE, client('FA', 1001, 5001), server('FA', 5001, 1002)];

export const SHOWN_CHANGES: Readonly<Record<KernelBehaviour, ShownChange>> = {
  dccpIsGeneric: {
    packets: [{ in: 'eth1', src: LAN, dst: OUTSIDE, proto: 'dccp', payload: 40 }],
    see: lastState,
    before: 'INVALID',
    since: 'NEW',
  },
  ebtablesIsNft: {
    host: {
      interfaces: { br0: { addresses: ['10.0.0.1/24'], ports: ['p1', 'p2'] } },
      ebtables: '*nat\n-A OUTPUT -o p1 -j CONTINUE\n*filter\n:OUTPUT DROP\n',
    },
    packets: [{ out: true, src: '10.0.0.1', dst: LAN, proto: 'udp', sport: 4000, dport: 53 }],
    see: ({ ebtables }) => ebtables?.['nat:OUTPUT:1']?.[0],
    before: 1,
    since: 0,
  },
  routerDiscoveryUntracked: {
    family: 6,
    host: { interfaces: { eth1: { addresses: ['2001:db8::1/64'] } } },
    rules: table('mangle', MANGLE, showStates('PREROUTING')),
    packets: [{ in: 'eth1', src: '2001:db8::2', dst: '2001:db8::1', proto: 'icmpv6', icmp: { type: 152 } }],
    see: ({ packets }) => stateOf(packets[0]?.trace ?? [], 'mangle:PREROUTING'),
    before: 'INVALID',
    since: 'UNTRACKED',
  },
  zeroNetworkIsUnicast: {
    packets: [{ in: 'eth0', src: '0.0.0.6', dst: LAN, proto: 'udp', sport: 4000, dport: 53 }],
    see: lastState,
    before: undefined,
    since: 'NEW',
  },
  staleSegmentsIgnored: {
    packets: [...HANDSHAKE, client('A', 1001 - 70_000 + 2 ** 32, 5001)],
    see: lastState,
    before: 'INVALID',
    since: 'ESTABLISHED',
  },
  lateCloseShrinksTimeout: {
    packets: [...HANDSHAKE, client('FA', 201_001, 5001), server('FA', 205_001, 1001)],
    see: entry,
    before: '432000 ESTABLISHED ASSURED',
    since: '300 ESTABLISHED ASSURED',
  },
  challengedSynResets: {
    packets: [client('S', 1000, 0), server('A', 5000, 200_777), client('R', 200_777, 0)],
    see: lastState,
    before: 'INVALID',
    since: 'ESTABLISHED',
  },
  rejectClosesEntry: {
    rules: table('filter', FILTER, [
      '-A FORWARD -m conntrack --ctstate INVALID -j DROP',
      '-A FORWARD -p tcp -m tcp --tcp-flags PSH PSH -j REJECT --reject-with tcp-reset',
    ]),
    packets: [...HANDSHAKE, client('PA', 1001, 5001, { payload: 10 })],
    see: tcpState,
    before: 'ESTABLISHED',
    since: 'CLOSE',
  },
  scaleSettledByReply: {
    packets: [
      client('S', 1000, 0, { wscale: 7 }),
      client('S', 1001, 0, { wscale: 7 }),
      server('SA', 5000, 1002, { wscale: 7 }),
      client('A', 1002, 5001, { win: 100 }),
      server('A', 6001, 1002),
    ],
    see: lastState,
    before: 'INVALID',
    since: 'ESTABLISHED',
  },
  liberalSurvivesSyn: {
    packets: [
      client('A', 1000, 5000),
      client('S', 9000, 0, { mss: 1460 }),
      server('SA', 20_000, 9001, { mss: 1460 }),
      client('A', 9001, 20_001),
      server('A', 520_001, 9001),
    ],
    see: lastState,
    before: 'INVALID',
    since: 'ESTABLISHED',
  },
  laterSynRestartsSide: {
    packets: [client('S', 1000, 0), server('SA', 5000, 1001), server('A', 105_001, 1001, { payload: 10 })],
    see: lastState,
    before: 'ESTABLISHED',
    since: 'INVALID',
  },
  udpAssuredAsStream: {
    packets: [query, answer, query],
    see: entry,
    before: '30 ASSURED',
    since: '30',
  },
  rstJudgedByState: {
    packets: [...CLOSED_BY_BOTH, server('R', 4000, 0)],
    see: lastState,
    before: 'INVALID',
    since: 'ESTABLISHED',
  },
  synAgainKeepsTimeout: {
    packets: [client('S', 1000, 0), client('S', 1000, 0, { wait: 20 })],
    see: entry,
    before: '120 SYN_SENT',
    since: '100 SYN_SENT',
  },
  // The answer is let through either way; but only what is taken tells which RST is too old.
  keepAliveAnswerTaken: {
    packets: [client('A', 999, 5000), server('A', 5000, 1000), client('R', 500, 0)],
    see: lastState,
    before: 'ESTABLISHED',
    since: 'INVALID',
  },
  directorKnowsOwnAnswers: {
    host: {
      ...HOST,
      ipvs: '-A -t 203.0.113.1:80 -s rr\n-a -t 203.0.113.1:80 -r 10.0.0.2:80 -g -w 1\n',
    },
    rules: table('filter', FILTER, showStates('OUTPUT')),
    packets: [
      { in: 'eth0', src: OUTSIDE, dst: '203.0.113.1', proto: 'tcp', sport: 40_000, dport: 80, flags: 'S', ttl: 1 },
    ],
    see: ({ packets }) => stateOf(packets[0]?.caused[0]?.trace ?? [], 'filter:OUTPUT'),
    before: 'RELATED',
    since: 'UNTRACKED',
  },
  postroutingSeesInput: {
    // iptables refuses `-i` in POSTROUTING itself.
    rules: table('mangle', MANGLE, ['-A POSTROUTING -j out', '-A out -i eth1 -j MARK --set-mark 1']).replace(
      '-A',
      ':out - [0:0]\n-A',
    ),
    packets: [query],
    see: ({ packets }) => packets[0]?.trace.includes('mangle:out:rule:1'),
    before: false,
    since: true,
  },
  lastWindowUnscaled: {
    packets: [
      client('S', 1000, 0, { wscale: 7 }),
      server('SA', 5000, 1001, { wscale: 7 }),
      ...Array.from({ length: 5 }, () => client('A', 1001, 5001, { win: 1000 })),
    ],
    see: entry,
    before: '432000 ESTABLISHED ASSURED',
    since: '300 ESTABLISHED ASSURED',
  },
  rstMustBeExact: {
    packets: [...HANDSHAKE, client('R', 1101, 0)],
    see: tcpState,
    before: 'CLOSE',
    since: 'ESTABLISHED',
  },
  icmpErrorToItsSender: {
    packets: [
      query,
      { in: 'eth0', src: OUTSIDE, dst: '10.0.0.3', proto: 'icmp', icmp: { type: 3, code: 1, inner: query } },
    ],
    see: lastState,
    before: 'RELATED',
    since: 'INVALID',
  },
  udpStreamAfterTwoSeconds: {
    packets: [query, answer, query],
    see: entry,
    before: '180 ASSURED',
    since: '30 ASSURED',
  },
  zeroWindowShortensTimeout: {
    packets: [...HANDSHAKE, client('A', 1001, 5001, { win: 0 })],
    see: entry,
    before: '432000 ESTABLISHED ASSURED',
    since: '300 ESTABLISHED ASSURED',
  },
  simultaneousOpenCompletes: {
    packets: [client('S', 1000, 0), server('S', 5000, 0), client('SA', 1000, 5001), server('A', 5001, 1001)],
    see: tcpState,
    before: 'SYN_RECV',
    since: 'ESTABLISHED',
  },
  challengeAckInLastAck: {
    packets: [...CLOSED_BY_BOTH, client('S', 90_000, 0), server('A', 5002, 1002)],
    see: tcpState,
    before: 'TIME_WAIT',
    since: 'LAST_ACK',
  },
  serverMayReopen: {
    packets: [...CLOSED_BY_BOTH, client('A', 1002, 5002), server('S', 90_000, 0)],
    see: lastState,
    before: 'INVALID',
    since: 'NEW',
  },
  unseenReceiverHasNoWindow: {
    packets: [client('S', 1000, 0, { payload: 100 }), client('S', 1000, 0)],
    see: lastState,
    before: 'INVALID',
    since: 'NEW',
  },
};

export function scenarioOf(behaviour: KernelBehaviour, kernel: string): Scenario {
  const { packets, rules = STATES, host = HOST, family = 4 } = SHOWN_CHANGES[behaviour];
  return { name: `changes/${behaviour}`, family, rules, host: { ...host, kernel }, packets: numbered(packets) };
}
