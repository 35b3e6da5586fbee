/**
 * The states of an SCTP association of IPVS: direction × chunk × state.
 *
 * @kernel net/netfilter/ipvs/ip_vs_proto_sctp.c:sctp_states, sctp_timeouts, sctp_events
 */
import type { FlowDirection } from './tcp-states';

/** In the kernel's order. */
export const SCTP_STATES = [
  'NONE',
  'INIT1',
  'INIT',
  'COOKIE_SENT',
  'COOKIE_REPLIED',
  'COOKIE_WAIT',
  'COOKIE',
  'COOKIE_ECHOED',
  'ESTABLISHED',
  'SHUTDOWN_SENT',
  'SHUTDOWN_RECEIVED',
  'SHUTDOWN_ACK_SENT',
  'REJECTED',
  'CLOSED',
] as const;

export type SctpState = (typeof SCTP_STATES)[number];

const EVENTS = [
  'data',
  'init',
  'init ack',
  'cookie echo',
  'cookie ack',
  'shutdown',
  'shutdown ack',
  'shutdown complete',
  'error',
  'abort',
] as const;

type SctpEvent = (typeof EVENTS)[number];

/** RFC 9260 §3.2: the types of chunks. Others, and those that only keep the association alive, count as data. */
const EVENT_OF_CHUNK: Readonly<Record<number, SctpEvent>> = {
  1: 'init',
  2: 'init ack',
  6: 'abort',
  7: 'shutdown',
  8: 'shutdown ack',
  9: 'error',
  10: 'cookie echo',
  11: 'cookie ack',
  14: 'shutdown complete',
};

const NO = 'NONE',
  I1 = 'INIT1',
  IN = 'INIT',
  CS = 'COOKIE_SENT',
  CR = 'COOKIE_REPLIED',
  CW = 'COOKIE_WAIT',
  CO = 'COOKIE';
const CE = 'COOKIE_ECHOED',
  ES = 'ESTABLISHED',
  SS = 'SHUTDOWN_SENT',
  SR = 'SHUTDOWN_RECEIVED',
  SA = 'SHUTDOWN_ACK_SENT',
  RJ = 'REJECTED',
  CL = 'CLOSED';

type S = SctpState;
/** One cell for each of {@link SCTP_STATES}: a missing cell does not compile. */
type Row = readonly [S, S, S, S, S, S, S, S, S, S, S, S, S, S];

// biome-ignore format: a table, aligned
const TRANSITIONS: Readonly<Record<FlowDirection, Readonly<Record<SctpEvent, Row>>>> = {
  input: {
    //                    NO  I1  IN  CS  CR  CW  CO  CE  ES  SS  SR  SA  RJ  CL
    data:                [ES, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL],
    init:                [I1, IN, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, IN, IN],
    'init ack':          [CW, CW, CW, CS, CR, CO, CO, CE, ES, SS, SR, SA, RJ, CL],
    'cookie echo':       [CR, IN, IN, CR, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL],
    'cookie ack':        [ES, I1, IN, CS, CR, CW, CO, ES, ES, SS, SR, SA, RJ, CL],
    shutdown:            [SR, I1, IN, CS, CR, CW, CO, CE, SR, SS, SR, SA, RJ, CL],
    'shutdown ack':      [CL, IN, IN, CS, CR, CW, CO, CE, ES, CL, SR, CL, RJ, CL],
    'shutdown complete': [CL, CL, CL, CS, CR, CW, CO, CE, ES, SS, SR, CL, RJ, CL],
    error:               [CL, I1, IN, CS, CR, CW, CO, CL, ES, SS, SR, SA, RJ, CL],
    abort:               [CL, CL, CL, CL, CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL],
  },
  output: {
    //                    NO  I1  IN  CS  CR  CW  CO  CE  ES  SS  SR  SA  RJ  CL
    data:                [ES, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL],
    init:                [CW, CW, CW, CW, CW, CW, CW, CW, ES, CW, CW, CW, CW, CW],
    'init ack':          [CS, CS, CS, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL],
    'cookie echo':       [CE, CE, CE, CE, CE, CE, CE, CE, ES, SS, SR, SA, RJ, CL],
    'cookie ack':        [ES, ES, ES, ES, ES, ES, ES, ES, ES, SS, SR, SA, RJ, CL],
    shutdown:            [SS, SS, SS, SS, SS, SS, SS, SS, SS, SS, SR, SA, RJ, CL],
    'shutdown ack':      [SA, SA, SA, SA, SA, CW, CO, CE, ES, SA, SA, SA, RJ, CL],
    'shutdown complete': [CL, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL],
    error:               [CL, CL, CL, CL, CL, CW, CO, CE, ES, SS, SR, SA, RJ, CL],
    abort:               [CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL],
  },
  'input only': {
    //                    NO  I1  IN  CS  CR  CW  CO  CE  ES  SS  SR  SA  RJ  CL
    data:                [ES, I1, IN, CS, CR, ES, CO, CE, ES, SS, SR, SA, RJ, CL],
    init:                [I1, IN, IN, IN, IN, IN, CO, CE, ES, SS, SR, SA, IN, IN],
    'init ack':          [CE, CE, CE, CE, CE, CE, CO, CE, ES, SS, SR, SA, RJ, CL],
    'cookie echo':       [ES, ES, ES, ES, ES, ES, CO, CE, ES, SS, SR, SA, RJ, CL],
    'cookie ack':        [ES, I1, IN, ES, ES, CW, ES, ES, ES, SS, SR, SA, RJ, CL],
    shutdown:            [SR, I1, IN, CS, CR, CW, CO, CE, SR, SS, SR, SA, RJ, CL],
    'shutdown ack':      [CL, IN, IN, CS, CR, CW, CO, CE, CL, CL, SR, CL, RJ, CL],
    'shutdown complete': [CL, CL, CL, CL, CL, CW, CO, CE, ES, SS, CL, CL, RJ, CL],
    error:               [CL, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL],
    abort:               [CL, CL, CL, CL, CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL],
  },
};

/** A minute and a second but for these. */
export function sctpTimeout(state: SctpState): number {
  return TIMEOUTS[state] ?? 61;
}

const TIMEOUTS: Partial<Record<SctpState, number>> = { [NO]: 2, [I1]: 4, [ES]: 900, [RJ]: 4 };

/** @kernel net/netfilter/ipvs/ip_vs_proto_sctp.c:set_sctp_state */
export function nextSctpState(direction: FlowDirection, chunk: number, state: SctpState): SctpState {
  const row = TRANSITIONS[direction][EVENT_OF_CHUNK[chunk] ?? 'data'];
  return row[SCTP_STATES.indexOf(state)] ?? CL;
}
