/**
 * What the kernel's own self-tests of conntrack assert, retold as scenarios of a router between client and server.
 *
 * @see tools/testing/selftests/net/netfilter (packetdrill/*.pkt, conntrack_*.sh) in the kernel's tree
 */
import type { Scenario, ScenarioPacket } from '../../../src-sim/sim/scenario';
import { FILTER, HOST, LAN, NAT, numbered, OUTSIDE, RAW, showStates, table } from './network';

export interface SelfTest {
  readonly scenario: Scenario;
  /** Packets of state INVALID that the self-test expects. */
  readonly invalid: number;
  /** What the table must show in the end: a word of the entry's line; empty: no entry. */
  readonly entry: string;
}

const STATES = showStates('FORWARD');
/** Which of {@link STATES} counts INVALID. */
export const INVALID_RULE = 'filter:FORWARD:4';

type Fields = Partial<ScenarioPacket>;

export function client(flags: string, seq: number, ack: number, more: Fields = {}): ScenarioPacket {
  return {
    in: 'eth1',
    src: LAN,
    dst: OUTSIDE,
    proto: 'tcp',
    sport: 40_000,
    dport: 80,
    flags,
    seq,
    ack,
    win: 65_535,
    ...more,
  };
}

export function server(flags: string, seq: number, ack: number, more: Fields = {}): ScenarioPacket {
  return {
    in: 'eth0',
    src: OUTSIDE,
    dst: LAN,
    proto: 'tcp',
    sport: 80,
    dport: 40_000,
    flags,
    seq,
    ack,
    win: 65_535,
    ...more,
  };
}

export const HANDSHAKE = [client('S', 1000, 0), server('SA', 5000, 1001), client('A', 1001, 5001)];

function selfTest(
  name: string,
  packets: readonly ScenarioPacket[],
  invalid: number,
  entry: string,
  rules = table('filter', FILTER, STATES),
): SelfTest {
  return {
    scenario: { name: `self-tests/${name}`, family: 4, host: HOST, rules, packets: numbered(packets) },
    invalid,
    entry,
  };
}

export const SELF_TESTS: readonly SelfTest[] = [
  selfTest(
    'data that was acknowledged is sent again',
    [
      ...HANDSHAKE,
      client('PA', 1001, 5001, { payload: 100 }),
      server('A', 5001, 1101),
      client('PA', 1001, 5001, { payload: 100 }),
      client('PA', 1001, 5001, { payload: 50 }),
      server('A', 5001, 1101),
    ],
    0,
    'ESTABLISHED',
  ),
  selfTest(
    'an inexact RST closes what is closing',
    [
      ...HANDSHAKE,
      client('FA', 1001, 5001),
      server('A', 5001, 1002),
      server('PA', 5001, 1002, { payload: 100 }),
      client('R', 1010, 0),
      client('R', 1002, 0),
    ],
    0,
    'CLOSE',
  ),
  selfTest(
    'RSTs out of window are INVALID, an exact one closes',
    [
      ...HANDSHAKE,
      client('PA', 1001, 5001, { payload: 100 }),
      server('A', 5001, 1101),
      server('R', 4000, 0),
      server('R', 5001 + 200_000, 0),
      client('R', 900, 0),
      client('R', 1101 + 200_000, 0),
      server('R', 5001, 0),
    ],
    4,
    'CLOSE',
  ),
  selfTest(
    'a challenge ACK, a RST, and the SYN again',
    [
      client('S', 1000, 0),
      server('A', 7000, 500),
      client('R', 500, 0),
      client('S', 1000, 0),
      server('SA', 5000, 1001),
      client('A', 1001, 5001),
    ],
    0,
    '[ASSURED]',
  ),
  selfTest(
    'a stale SYN,ACK is INVALID, the right one is not',
    [client('S', 1000, 0), server('SA', 9000, 90_000), server('SA', 5000, 1001), client('A', 1001, 5001)],
    1,
    'ESTABLISHED',
  ),
  selfTest(
    'a SYN inside a connection: challenge, RST, and a new one',
    [
      ...HANDSHAKE,
      client('S', 90_000, 0),
      server('A', 5001, 1001),
      client('R', 1001, 0),
      client('S', 90_000, 0),
      server('SA', 70_000, 90_001),
    ],
    0,
    'SYN_RECV',
  ),
  selfTest(
    'an ICMP error about a flow is RELATED, about nothing INVALID',
    [
      client('S', 1000, 0),
      {
        in: 'eth0',
        src: '203.0.113.50',
        dst: LAN,
        proto: 'icmp',
        icmp: { type: 3, code: 4, mtu: 1300, inner: plain(client('S', 1000, 0)) },
      },
      {
        in: 'eth0',
        src: '203.0.113.50',
        dst: LAN,
        proto: 'icmp',
        icmp: { type: 3, code: 1, inner: plain(client('S', 1000, 0, { sport: 41_000 })) },
      },
      {
        in: 'eth0',
        src: '203.0.113.50',
        dst: '10.0.0.3',
        proto: 'icmp',
        icmp: { type: 3, code: 1, inner: plain(client('S', 1000, 0)) },
      },
    ],
    2,
    '[UNREPLIED]',
  ),
  selfTest(
    'a SYN without an answer does not live longer by being repeated',
    [client('S', 1000, 0), client('S', 1000, 0, { wait: 2 }), client('S', 1000, 0, { wait: 2 })],
    0,
    'tcp 6 11',
  ),
  selfTest(
    'the answer of a flow is no flow of its own under NAT',
    [
      { in: 'eth1', src: LAN, dst: OUTSIDE, proto: 'udp', sport: 4000, dport: 5000, payload: 8 },
      { in: 'eth0', src: OUTSIDE, dst: LAN, proto: 'udp', sport: 5000, dport: 4000, payload: 8 },
      { in: 'eth1', src: LAN, dst: OUTSIDE, proto: 'udp', sport: 4000, dport: 5000, payload: 8 },
    ],
    0,
    'sport=4000',
    table('filter', FILTER, STATES) + table('nat', NAT, []),
  ),
  selfTest(
    'equal flows in two zones are two',
    [client('S', 1000, 0), server('S', 1000, 0, { src: LAN, dst: OUTSIDE, sport: 40_000, dport: 80 })],
    0,
    'zone=7',
    table('raw', RAW, ['-A PREROUTING -i eth0 -j CT --zone 7']) + table('filter', FILTER, STATES),
  ),
];

/** A packet as an ICMP error quotes it. */
function plain({ in: _, ...packet }: ScenarioPacket): ScenarioPacket {
  return packet;
}
