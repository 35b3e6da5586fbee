/** Packets as IPVS rewrites them in masquerading mode. @kernel net/netfilter/ipvs/ip_vs_proto_tcp.c:tcp_dnat_handler */
import type { Address } from '../net/address';
import type { Packet } from '../net/packet';

export function withDestination(packet: Packet, dst: Address, dport: number): Packet {
  const { transport } = packet;
  if (transport.kind === 'icmp' || transport.dport === undefined) return { ...packet, dst };
  return { ...packet, dst, transport: { ...transport, dport } };
}

export function withSource(packet: Packet, src: Address, sport: number): Packet {
  const { transport } = packet;
  if (transport.kind === 'icmp' || transport.sport === undefined) return { ...packet, src };
  return { ...packet, src, transport: { ...transport, sport } };
}
