/**
 * Packets that go over the wire in pieces.
 *
 * @kernel net/ipv4/ip_output.c:ip_do_fragment
 */
import { IP_HEADER_BYTES, type Packet } from '../net/packet';

/** Bytes of the largest IP packet that it goes over the wire in. */
export function largestOnTheWire({ family, length, pieces }: Packet): number {
  return pieces === undefined ? length : IP_HEADER_BYTES[family] + Math.max(...pieces);
}

/** Cut so that each fragment fits. @kernel net/ipv4/ip_output.c:ip_do_fragment */
export function cutToFit(packet: Packet, mtu: number): Packet {
  if (largestOnTheWire(packet) <= mtu) return packet;
  const room = (mtu - IP_HEADER_BYTES[packet.family]) & ~7;
  const total = packet.length - IP_HEADER_BYTES[packet.family];
  const count = Math.ceil(total / room);
  return { ...packet, pieces: Array.from({ length: count }, (_, index) => Math.min(room, total - index * room)) };
}

/** A packet as it goes over the wire: one that came in pieces leaves in the same pieces. @kernel net/ipv4/ip_output.c:ip_do_fragment */
export function onTheWire(packet: Packet): readonly Packet[] {
  const { pieces, ...rest } = packet;
  if (pieces === undefined) return [packet];
  let start = 0;
  return pieces.map((bytes, index) => {
    const piece: Packet = {
      ...rest,
      length: IP_HEADER_BYTES[packet.family] + bytes,
      fragment: { offset: start / 8, more: index < pieces.length - 1 },
    };
    start += bytes;
    return piece;
  });
}

/** How much of a header must stand in the first piece. @kernel net/ipv4/tcp_ipv4.c:tcp_v4_early_demux, net/netfilter/nf_nat_proto.c */
const WHOLE_HEADER: Partial<Record<Packet['transport']['kind'], number>> = { tcp: 20, udp: 8, icmp: 8 };

/**
 * A packet whose first piece has not the whole transport header loses its pieces where the header is looked at: it is
 * cut anew, as large as the largest of them.
 */
export function withHeaderPulled(packet: Packet): Packet {
  const { pieces, transport } = packet;
  if (pieces === undefined || (pieces[0] ?? 0) >= (WHOLE_HEADER[transport.kind] ?? 0)) return packet;
  const total = pieces.reduce((sum, bytes) => sum + bytes, 0);
  const largest = Math.max(...pieces) & ~7;
  const count = Math.ceil(total / largest);
  return { ...packet, pieces: Array.from({ length: count }, (_, index) => Math.min(largest, total - index * largest)) };
}
