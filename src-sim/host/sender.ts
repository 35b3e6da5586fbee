/**
 * Which socket of this host sends a packet, as `-m owner` sees it. A packet that is forwarded has none, nor has a RST of
 * REJECT's.
 *
 * @kernel net/netfilter/xt_owner.c:owner_mt, net/ipv4/ip_output.c:ip_send_unicast_reply
 */
export type Sender =
  | {
      readonly kind: 'process';
      readonly uid: number;
      readonly gid: number;
      readonly isRequest?: true;
      /** Writes whole packets: what it writes as their source is not asked about when they are routed. */
      readonly isRaw?: true;
      readonly mayBroadcast?: boolean;
    }
  /** A socket that no process opened: ICMP, and the RST of a closed port in IPv4. */
  | { readonly kind: 'kernel' };

export const KERNEL_SOCKET: Sender = { kind: 'kernel' };

/** Who the listeners of a scenario belong to. */
export const LISTENER: Sender = { kind: 'process', uid: 0, gid: 0 };
/** A connection that only a SYN has asked for: no whole socket yet. */
export const REQUEST: Sender = { ...LISTENER, isRequest: true };
