/** Packets of no connection: what conntrack calls INVALID, and a bare ACK, which it takes for the middle of one. */
import { TCP_FLAG } from '../../../src-sim/net/packet';
import { PROTOCOL } from '../../../src-sim/net/protocol';
import type { Box } from '../analysis/packet-set';
import { points } from '../analysis/packet-space';

/** A FIN that ends nothing. @kernel net/netfilter/nf_conntrack_proto_tcp.c:tcp_new */
export const STRAY_FIN: Box = {
  protocol: points([PROTOCOL.tcp]),
  tcpFlags: points([TCP_FLAG.F | TCP_FLAG.A]),
};
export const STRAY_FIN_FLAGS = 'FA';

/** Picked up in mid-stream as NEW, while nf_conntrack_tcp_loose is 1, the default. */
export const STRAY_ACK: Box = { protocol: points([PROTOCOL.tcp]), tcpFlags: points([TCP_FLAG.A]) };
export const STRAY_ACK_FLAGS = 'A';

/** A port that no rule names. */
export const ODD_PORT: Box = { dport: points([31_337]) };
