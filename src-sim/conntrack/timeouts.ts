/** Timeouts of entries, in seconds, by the sysctl that sets each. */
import type { Sysctl } from '../host/sysctl';
import type { TcpState } from './tcp-states';

export type Timeout = Exclude<Lowercase<TcpState>, 'none' | 'syn_sent2'> | 'max_retrans' | 'unacknowledged';

const PREFIX = 'net.netfilter.nf_conntrack_';

export function tcpTimeout(sysctl: Sysctl, which: Timeout): number {
  return sysctl.get(`${PREFIX}tcp_timeout_${which}`);
}

export function tcpStateTimeout(sysctl: Sysctl, state: TcpState): number {
  // SYN_SENT2 has no sysctl of its own; the kernel starts it at SYN_SENT's default of 2 minutes.
  if (state === 'NONE' || state === 'SYN_SENT2') return 120;
  return tcpTimeout(sysctl, state.toLowerCase() as Timeout);
}

/** `udp_timeout`, `udp_timeout_stream`, `icmp_timeout`, `generic_timeout`, … */
export function protocolTimeout(sysctl: Sysctl, name: string): number {
  return sysctl.get(`${PREFIX}${name}`);
}
