/** Timeouts of entries, in seconds, by the sysctl that sets each. */
import type { Sysctl } from '../host/sysctl';
import { TCP_STATES, type TcpState } from './tcp-states';

export type Timeout = Exclude<Lowercase<TcpState>, 'none' | 'syn_sent2'> | 'max_retrans' | 'unacknowledged';

const PREFIX = 'net.netfilter.nf_conntrack_';

/** Every segment asks for some of them: their names are spelt once. */
const TCP_TIMEOUTS: Readonly<Record<Timeout, string>> = {
  syn_sent: `${PREFIX}tcp_timeout_syn_sent`,
  syn_recv: `${PREFIX}tcp_timeout_syn_recv`,
  established: `${PREFIX}tcp_timeout_established`,
  fin_wait: `${PREFIX}tcp_timeout_fin_wait`,
  close_wait: `${PREFIX}tcp_timeout_close_wait`,
  last_ack: `${PREFIX}tcp_timeout_last_ack`,
  time_wait: `${PREFIX}tcp_timeout_time_wait`,
  close: `${PREFIX}tcp_timeout_close`,
  max_retrans: `${PREFIX}tcp_timeout_max_retrans`,
  unacknowledged: `${PREFIX}tcp_timeout_unacknowledged`,
};

export function tcpTimeout(sysctl: Sysctl, which: Timeout): number {
  return tcpTimeouts(sysctl).named[which];
}

interface TcpTimeouts {
  readonly sysctl: Sysctl;
  readonly named: Readonly<Record<Timeout, number>>;
  /** In the order of {@link TCP_STATES}. */
  readonly ofStates: readonly number[];
}

/** Of the host that was asked for last: every segment asks for some. */
let known: TcpTimeouts | undefined;

function tcpTimeouts(sysctl: Sysctl): TcpTimeouts {
  if (known?.sysctl === sysctl) return known;
  const entries = Object.entries(TCP_TIMEOUTS).map(([which, name]) => [which, sysctl.get(name)] as const);
  const named = Object.fromEntries(entries) as Record<Timeout, number>;
  const ofStates = TCP_STATES.map((state) => {
    const timeout = TIMEOUT_OF_STATE[state];
    // SYN_SENT2 has no sysctl of its own; the kernel starts it at SYN_SENT's default of 2 minutes.
    return timeout === undefined ? 120 : named[timeout];
  });
  known = { sysctl, named, ofStates };
  return known;
}

const TIMEOUT_OF_STATE: Readonly<Partial<Record<TcpState, Timeout>>> = {
  SYN_SENT: 'syn_sent',
  SYN_RECV: 'syn_recv',
  ESTABLISHED: 'established',
  FIN_WAIT: 'fin_wait',
  CLOSE_WAIT: 'close_wait',
  LAST_ACK: 'last_ack',
  TIME_WAIT: 'time_wait',
  CLOSE: 'close',
};

export function tcpStateTimeout(sysctl: Sysctl, state: TcpState): number {
  return tcpTimeouts(sysctl).ofStates[TCP_STATES.indexOf(state)] ?? 0;
}

/** By their short names: a string that is pieced together for each packet is looked up slowly. */
const FULL_NAMES = new Map<string, string>();

/** `udp_timeout`, `udp_timeout_stream`, `icmp_timeout`, `generic_timeout`, … */
export function protocolTimeout(sysctl: Sysctl, name: string): number {
  const known = FULL_NAMES.get(name) ?? `${PREFIX}${name}`;
  FULL_NAMES.set(name, known);
  return sysctl.get(known);
}
