/**
 * The states of an SCTP entry and how it moves between them: direction × chunk × state.
 *
 * @kernel net/netfilter/nf_conntrack_proto_sctp.c:sctp_conntracks
 */
import type { Direction } from './tuple';

export const SCTP_STATES = [
  'NONE',
  'CLOSED',
  'COOKIE_WAIT',
  'COOKIE_ECHOED',
  'ESTABLISHED',
  'SHUTDOWN_SENT',
  'SHUTDOWN_RECD',
  'SHUTDOWN_ACK_SENT',
  'HEARTBEAT_SENT',
] as const;

export type SctpState = (typeof SCTP_STATES)[number];

/** Chunk types that move the state, by number. @see RFC 9260 §3.2 */
export const SCTP_CHUNKS = {
  init: 1,
  init_ack: 2,
  heartbeat: 4,
  heartbeat_ack: 5,
  abort: 6,
  shutdown: 7,
  shutdown_ack: 8,
  error: 9,
  cookie_echo: 10,
  cookie_ack: 11,
  shutdown_complete: 14,
} as const;

export type SctpChunk = keyof typeof SCTP_CHUNKS;

const CL = 'CLOSED',
  CW = 'COOKIE_WAIT',
  CE = 'COOKIE_ECHOED',
  ES = 'ESTABLISHED',
  SS = 'SHUTDOWN_SENT';
const SR = 'SHUTDOWN_RECD',
  SA = 'SHUTDOWN_ACK_SENT',
  HS = 'HEARTBEAT_SENT',
  IV = 'INVALID';

type T = SctpState | 'INVALID';
/** One cell for each of {@link SCTP_STATES}: a missing cell does not compile. */
type Row = readonly [none: T, cl: T, cw: T, ce: T, es: T, ss: T, sr: T, sa: T, hs: T];

// biome-ignore format: a table, aligned
const TRANSITIONS: Readonly<Record<Direction, Readonly<Record<SctpChunk, Row>>>> = {
  original: {
    //                  NO  CL  CW  CE  ES  SS  SR  SA  HS
    init:              [CL, CL, CW, CE, ES, CL, CL, SA, CW],
    init_ack:          [CL, CL, CW, CE, ES, SS, SR, SA, CL],
    abort:             [CL, CL, CL, CL, CL, CL, CL, CL, CL],
    shutdown:          [CL, CL, CW, CE, SS, SS, SR, SA, CL],
    shutdown_ack:      [SA, CL, CW, CE, ES, SA, SA, SA, SA],
    error:             [CL, CL, CW, CE, ES, SS, SR, SA, CL],
    cookie_echo:       [CL, CL, CE, CE, ES, SS, SR, SA, CL],
    cookie_ack:        [CL, CL, CW, ES, ES, SS, SR, SA, CL],
    shutdown_complete: [CL, CL, CW, CE, ES, SS, SR, CL, CL],
    heartbeat:         [HS, CL, CW, CE, ES, SS, SR, SA, HS],
    heartbeat_ack:     [CL, CL, CW, CE, ES, SS, SR, SA, HS],
  },
  reply: {
    //                  NO  CL  CW  CE  ES  SS  SR  SA  HS
    init:              [IV, CL, CW, CE, ES, SS, SR, SA, IV],
    init_ack:          [IV, CW, CW, CE, ES, SS, SR, SA, IV],
    abort:             [IV, CL, CL, CL, CL, CL, CL, CL, IV],
    shutdown:          [IV, CL, CW, CE, SR, SS, SR, SA, IV],
    shutdown_ack:      [IV, CL, CW, CE, ES, SA, SA, SA, IV],
    error:             [IV, CL, CW, CL, ES, SS, SR, SA, IV],
    cookie_echo:       [IV, CL, CE, CE, ES, SS, SR, SA, IV],
    cookie_ack:        [IV, CL, CW, ES, ES, SS, SR, SA, IV],
    shutdown_complete: [IV, CL, CW, CE, ES, SS, SR, CL, IV],
    heartbeat:         [IV, CL, CW, CE, ES, SS, SR, SA, HS],
    heartbeat_ack:     [IV, CL, CW, CE, ES, SS, SR, SA, ES],
  },
};

const CHUNK_OF: ReadonlyMap<number, SctpChunk> = new Map(
  (Object.keys(SCTP_CHUNKS) as SctpChunk[]).map((name) => [SCTP_CHUNKS[name], name]),
);

/** Undefined for chunks, such as DATA, that do not move the state. */
export function sctpChunk(type: number): SctpChunk | undefined {
  return CHUNK_OF.get(type);
}

export function sctpTransition(direction: Direction, chunk: SctpChunk | undefined, state: SctpState): T {
  return chunk === undefined ? state : (TRANSITIONS[direction][chunk][SCTP_STATES.indexOf(state)] ?? 'INVALID');
}
