/**
 * The states of a TCP connection of IPVS and how it moves between them: direction × flag × state. They are IPVS's own,
 * not conntrack's.
 *
 * @kernel net/netfilter/ipvs/ip_vs_proto_tcp.c:tcp_states, tcp_timeouts, tcp_state_active_table
 */
import { TCP_FLAG } from '../net/packet';

/** `input only`: the director never sees the answers (direct routing, tunnels). */
export type FlowDirection = 'input' | 'output' | 'input only';

/** In the kernel's order. LISTEN and SYNACK belong to FTP's data connections and to secure_tcp. */
export const TCP_STATES = [
  'NONE',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'SYNACK',
] as const;

export type TcpState = (typeof TCP_STATES)[number];

type TcpEvent = 'syn' | 'fin' | 'ack' | 'rst';

const NO = 'NONE',
  ES = 'ESTABLISHED',
  SS = 'SYN_SENT',
  SR = 'SYN_RECV',
  FW = 'FIN_WAIT',
  TW = 'TIME_WAIT';
const CL = 'CLOSE',
  CW = 'CLOSE_WAIT',
  LA = 'LAST_ACK',
  LI = 'LISTEN',
  SA = 'SYNACK';

type S = TcpState;
/** One cell for each of {@link TCP_STATES}: a missing cell does not compile. */
type Row = readonly [no: S, es: S, ss: S, sr: S, fw: S, tw: S, cl: S, cw: S, la: S, li: S, sa: S];

// biome-ignore format: a table, aligned
const TRANSITIONS: Readonly<Record<FlowDirection, Readonly<Record<TcpEvent, Row>>>> = {
  input: {
    //   NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA
    syn: [SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR],
    fin: [CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, TW],
    ack: [ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES],
    rst: [CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, SR],
  },
  output: {
    //   NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA
    syn: [SS, ES, SS, SR, SS, SS, SS, SS, SS, LI, SR],
    fin: [TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW],
    ack: [ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES],
    rst: [CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL],
  },
  'input only': {
    //   NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA
    syn: [SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR],
    fin: [CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW],
    ack: [ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES],
    rst: [CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL],
  },
};

// biome-ignore format: a table, aligned
export const TCP_TIMEOUTS: Readonly<Record<TcpState, number>> = {
  [NO]: 2, [ES]: 900, [SS]: 120, [SR]: 60, [FW]: 120, [TW]: 120, [CL]: 10, [CW]: 60, [LA]: 30, [LI]: 120, [SA]: 120,
};

/** The states in which a connection burdens its real server. */
export const ACTIVE_TCP_STATES: ReadonlySet<TcpState> = new Set([ES, SS, SR, SA]);

/** RST before SYN before FIN before ACK; a segment without any of them closes. */
function eventOf(flags: number): TcpEvent | undefined {
  if (flags & TCP_FLAG.R) return 'rst';
  if (flags & TCP_FLAG.S) return 'syn';
  if (flags & TCP_FLAG.F) return 'fin';
  return flags & TCP_FLAG.A ? 'ack' : undefined;
}

/** @kernel net/netfilter/ipvs/ip_vs_proto_tcp.c:set_tcp_state */
export function nextTcpState(direction: FlowDirection, flags: number, state: TcpState): TcpState {
  const event = eventOf(flags);
  return event === undefined ? CL : (TRANSITIONS[direction][event][TCP_STATES.indexOf(state)] ?? CL);
}
