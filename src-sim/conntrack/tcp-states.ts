/**
 * The states of a TCP entry and how it moves between them: direction × flag set × state.
 *
 * @kernel net/netfilter/nf_conntrack_proto_tcp.c:tcp_conntracks
 */
import type { KernelProfile } from '../kernel';
import { TCP_FLAG } from '../net/packet';
import type { Direction } from './tuple';

/** In the kernel's order: "before TIME_WAIT" is a comparison there. */
export const TCP_STATES = [
  'NONE',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'SYN_SENT2',
] as const;

export type TcpState = (typeof TCP_STATES)[number];

export const TCP_FLAG_SETS = ['syn', 'synack', 'fin', 'ack', 'rst', 'none'] as const;

export type TcpFlagSet = (typeof TCP_FLAG_SETS)[number];

/** INVALID: no entry for the packet. IGNORE: let through, nothing learnt. */
export type TcpTransition = TcpState | 'INVALID' | 'IGNORE';

const SS = 'SYN_SENT',
  SR = 'SYN_RECV',
  ES = 'ESTABLISHED',
  FW = 'FIN_WAIT',
  CW = 'CLOSE_WAIT';
const LA = 'LAST_ACK',
  TW = 'TIME_WAIT',
  CL = 'CLOSE',
  S2 = 'SYN_SENT2',
  IV = 'INVALID',
  IG = 'IGNORE';

type T = TcpTransition;
/** One cell for each of {@link TCP_STATES}: a missing cell does not compile. */
type Row = readonly [none: T, ss: T, sr: T, es: T, fw: T, cw: T, la: T, tw: T, cl: T, s2: T];

// biome-ignore format: a table, aligned
const TRANSITIONS: Readonly<Record<Direction, Readonly<Record<TcpFlagSet, Row>>>> = {
  original: {
    //      NO  SS  SR  ES  FW  CW  LA  TW  CL  S2
    syn:    [SS, SS, IG, IG, IG, IG, IG, SS, SS, S2], // a SYN inside a connection may be out of date: let it through
    synack: [IV, IV, SR, IV, IV, IV, IV, IV, IV, SR], // only in a simultaneous open does the client send one
    fin:    [IV, IV, FW, FW, LA, LA, LA, TW, CL, IV],
    ack:    [ES, IV, ES, ES, CW, CW, TW, TW, CL, IV], // from NONE: picked up in the middle (tcp_loose)
    rst:    [IV, CL, CL, CL, CL, CL, CL, CL, CL, CL],
    none:   [IV, IV, IV, IV, IV, IV, IV, IV, IV, IV],
  },
  reply: {
    //      NO  SS  SR  ES  FW  CW  LA  TW  CL  S2
    syn:    [IV, S2, IV, IV, IV, IV, IV, SS, IV, S2], // simultaneous open; in TIME_WAIT the roles may have changed
    synack: [IV, SR, IG, IG, IG, IG, IG, IG, IG, SR], // may answer a SYN that was ignored above
    fin:    [IV, IV, FW, FW, LA, LA, LA, TW, CL, IV],
    ack:    [IV, IG, SR, ES, CW, CW, TW, TW, CL, IG], // in SYN_SENT: perhaps a half-open connection's challenge
    rst:    [IV, CL, CL, CL, CL, CL, CL, CL, CL, CL],
    none:   [IV, IV, IV, IV, IV, IV, IV, IV, IV, IV],
  },
};

/** The table's cells one after another: every segment looks one up. */
const CELLS: readonly TcpTransition[] = [TRANSITIONS.original, TRANSITIONS.reply].flatMap((rows) =>
  TCP_FLAG_SETS.flatMap((flagSet) => rows[flagSet]),
);

export function tcpTransition(
  direction: Direction,
  flagSet: TcpFlagSet,
  state: TcpState,
  { serverMayReopen }: KernelProfile,
): TcpTransition {
  if (direction === 'reply' && flagSet === 'syn' && state === 'TIME_WAIT' && !serverMayReopen) return 'INVALID';
  const row = TCP_FLAG_SETS.indexOf(flagSet) + (direction === 'reply' ? TCP_FLAG_SETS.length : 0);
  return CELLS[row * TCP_STATES.length + TCP_STATES.indexOf(state)] ?? 'INVALID';
}

/** @kernel net/netfilter/nf_conntrack_proto_tcp.c:get_conntrack_index */
export function tcpFlagSet(flags: number): TcpFlagSet {
  if (flags & TCP_FLAG.R) return 'rst';
  if (flags & TCP_FLAG.S) return flags & TCP_FLAG.A ? 'synack' : 'syn';
  if (flags & TCP_FLAG.F) return 'fin';
  return flags & TCP_FLAG.A ? 'ack' : 'none';
}

const { F, S, R, A, U, P, E, C } = TCP_FLAG;

/** The only combinations that a sane stack sends, PSH, ECE and CWR aside. @kernel …_tcp.c:tcp_valid_flags */
const VALID_FLAGS: ReadonlySet<number> = new Set([S, S | U, S | A, R, R | A, F | A, F | A | U, A, A | U]);

export function hasValidFlags(flags: number): boolean {
  return VALID_FLAGS.has(flags & ~(P | E | C));
}

/** States whose entries the table may drop early, and whose RST needs no check. @kernel …_tcp.c:tcp_can_early_drop */
export const CLOSING_STATES: ReadonlySet<TcpState> = new Set([
  'FIN_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
]);
