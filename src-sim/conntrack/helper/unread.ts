/** Helpers that the kernel has, and whose protocols are not read here: what they announce is not decided. */
import type { Family } from '../../net/address';
import { PROTOCOL } from '../../net/protocol';
import { type Helper, NOTHING, payloadText } from './define';

const BOTH: readonly Family[] = ['ipv4', 'ipv6'];

/** @deviates what SIP, H.323 and PPTP announce is not read: the trace says so where such a packet comes. */
export const UNREAD_HELPERS: readonly Helper[] = [
  unread('sip', BOTH, [PROTOCOL.tcp, PROTOCOL.udp], 5060, 'calls of SIP', 'nf_conntrack_sip.c:sip_help_udp'),
  unread('pptp', ['ipv4'], [PROTOCOL.tcp], 1723, 'tunnels of PPTP', 'nf_conntrack_pptp.c:conntrack_pptp_help'),
  unread('Q.931', BOTH, [PROTOCOL.tcp], 1720, 'calls of H.323', 'nf_conntrack_h323_main.c:q931_help'),
  unread('RAS', BOTH, [PROTOCOL.udp], 1719, 'gatekeepers of H.323', 'nf_conntrack_h323_main.c:ras_help'),
  unread('H.245', BOTH, [PROTOCOL.udp], 0, 'media of H.323', 'nf_conntrack_h323_main.c:h245_help'),
];

function unread(
  name: string,
  families: readonly Family[],
  protocols: readonly number[],
  port: number,
  summary: string,
  kernel: string,
): Helper {
  return {
    name,
    families,
    protocols,
    port,
    summary,
    kernel: `net/netfilter/${kernel}`,
    policy: { most: 0, timeoutSeconds: 0 },
    read(packet) {
      if (payloadText(packet) === undefined) return NOTHING;
      return { kind: 'unsure', reason: `what the helper ${name} reads in a packet is not simulated` };
    },
  };
}
