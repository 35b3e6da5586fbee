/** Packets as IPVS rewrites and wraps them. */
import type { Address } from '../net/address';
import { bytesOf } from '../net/bytes';
import { IP_HEADER_BYTES, isLaterFragment, type Packet } from '../net/packet';
import type { Endpoint } from './service';

/** @kernel net/netfilter/ipvs/ip_vs_proto_tcp.c:tcp_dnat_handler */
export function withDestination(packet: Packet, { address, port }: Endpoint): Packet {
  const { transport } = packet;
  if (transport.kind === 'icmp' || transport.dport === undefined || isLaterFragment(packet))
    return { ...packet, dst: address };
  return { ...packet, dst: address, transport: { ...transport, dport: port } };
}

/** @kernel net/netfilter/ipvs/ip_vs_proto_tcp.c:tcp_snat_handler */
export function withSource(packet: Packet, { address, port }: Endpoint): Packet {
  const { transport } = packet;
  if (transport.kind === 'icmp' || transport.sport === undefined || isLaterFragment(packet))
    return { ...packet, src: address };
  return { ...packet, src: address, transport: { ...transport, sport: port } };
}

/** An ICMP error with another packet in it. */
export function quoting(error: Packet, inner: Packet): Packet {
  return error.transport.kind === 'icmp' ? { ...error, transport: { ...error.transport, inner } } : error;
}

const IP_IN_IP = { ipv4: 4, ipv6: 41 } as const;
const ECN_MASK = 3;
const CONGESTION_EXPERIENCED = 3;
const ECN_CAPABLE = 2;

/**
 * A packet within one of the host's own, to the real server.
 *
 * @kernel net/netfilter/ipvs/ip_vs_xmit.c:ip_vs_tunnel_xmit, include/net/inet_ecn.h:INET_ECN_encapsulate
 */
export function inTunnel(inner: Packet, src: Address, dst: Address, keepsWhole: boolean, id: number): Packet {
  const { family, tos, ttl, length } = inner;
  const congestion = (tos & ECN_MASK) === CONGESTION_EXPERIENCED ? ECN_CAPABLE : tos & ECN_MASK;
  return {
    family,
    src,
    dst,
    protocol: IP_IN_IP[family],
    ttl,
    tos: (tos & ~ECN_MASK) | congestion,
    id,
    dontFragment: family === 'ipv4' && keepsWhole && inner.dontFragment,
    length: length + IP_HEADER_BYTES[family],
    transport: { kind: 'other', dataLength: length },
    payload: String.fromCharCode(...bytesOf(inner)),
  };
}
