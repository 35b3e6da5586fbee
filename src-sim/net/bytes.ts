/**
 * A packet as bytes, from its IP header on: what matches see that read anywhere in it (u32, string, bpf).
 *
 * @see RFC 791 §3.1, RFC 8200 §3, RFC 9293 §3.1, RFC 768, RFC 792, RFC 4443 §2.1, RFC 9260 §3
 * @deviates the checksum of a segment that the host itself makes is whole here; the kernel leaves it to the device
 */
import { type Address, addressValue } from './address';
import { crc32c, internetChecksum } from './checksum';
import {
  firstProtocol,
  type IcmpMessage,
  type Packet,
  type SctpPacket,
  type TcpOptions,
  type TcpSegment,
  type UdpDatagram,
} from './packet';
import { PROTOCOL } from './protocol';

/** Packets never change, so their bytes are worked out once. */
const known = new WeakMap<Packet, Uint8Array>();

/** As many bytes as the packet's length. */
export function bytesOf(packet: Packet): Uint8Array {
  const earlier = known.get(packet);
  if (earlier) return earlier;
  const { fragment, length } = packet;
  const header = packet.family === 'ipv4' ? ipv4Header(packet) : withExtensions(packet);
  const start = (fragment?.offset ?? 0) * 8;
  const bytes = new Uint8Array(length);
  bytes.set(header);
  bytes.set(transportBytes(packet).subarray(start, start + length - header.length), header.length);
  known.set(packet, bytes);
  return bytes;
}

/** From the transport header on, whole even where the packet is a fragment. */
function transportBytes(packet: Packet): Uint8Array {
  const { transport } = packet;
  switch (transport.kind) {
    case 'tcp':
      return tcpBytes(packet, transport);
    case 'udp':
      return udpBytes(packet, transport);
    case 'icmp':
      return icmpBytes(packet, transport);
    case 'sctp':
      return sctpBytes(transport);
    case 'other':
      return packet.protocol === PROTOCOL.gre
        ? joined(GRE_HEADER, dataBytes(packet, transport.dataLength - GRE_HEADER.length))
        : dataBytes(packet, transport.dataLength);
  }
}

const IPV4_MORE_FRAGMENTS = 0x2000;
const IPV4_DONT_FRAGMENT = 0x4000;

function ipv4Header({ tos, length, id, fragment, dontFragment, ttl, protocol, src, dst }: Packet): Uint8Array {
  const header = new Uint8Array(20);
  const view = new DataView(header.buffer);
  view.setUint8(0, 0x45);
  view.setUint8(1, tos);
  view.setUint16(2, length);
  view.setUint16(4, id);
  const more = fragment?.more ? IPV4_MORE_FRAGMENTS : 0;
  view.setUint16(6, (dontFragment ? IPV4_DONT_FRAGMENT : 0) | more | (fragment?.offset ?? 0));
  view.setUint8(8, ttl);
  view.setUint8(9, protocol);
  header.set(addressBytes(src), 12);
  header.set(addressBytes(dst), 16);
  view.setUint16(10, internetChecksum(header));
  return header;
}

function withExtensions(packet: Packet): Uint8Array {
  const header = ipv6Header(packet);
  const { extensions } = packet;
  if (extensions === undefined) return header;
  return joined(
    header,
    Uint8Array.from(extensions.bytes, (character) => character.charCodeAt(0)),
  );
}

function ipv6Header(packet: Packet): Uint8Array {
  const { tos, length, ttl, src, dst } = packet;
  const header = new Uint8Array(40);
  const view = new DataView(header.buffer);
  view.setUint32(0, (6 << 28) | (tos << 20));
  view.setUint16(4, length - header.length);
  view.setUint8(6, firstProtocol(packet));
  view.setUint8(7, ttl);
  header.set(addressBytes(src), 8);
  header.set(addressBytes(dst), 24);
  return header;
}

export function addressBytes(address: Address): Uint8Array {
  const bytes = new Uint8Array(address.includes(':') ? 16 : 4);
  let value = addressValue(address);
  for (let index = bytes.length - 1; index >= 0; index--) {
    bytes[index] = Number(value & 0xffn);
    value >>= 8n;
  }
  return bytes;
}

function tcpBytes(packet: Packet, tcp: TcpSegment): Uint8Array {
  const options = joined(optionBytes(tcp.options), new Uint8Array(tcp.blankOptionBytes ?? 0).fill(NO_OPERATION));
  const segment = joined(new Uint8Array(20), options, dataBytes(packet, tcp.dataLength));
  const view = new DataView(segment.buffer);
  view.setUint16(0, tcp.sport);
  view.setUint16(2, tcp.dport);
  view.setUint32(4, tcp.seq);
  view.setUint32(8, tcp.ack);
  view.setUint8(12, ((20 + options.length) / 4) << 4);
  view.setUint8(13, tcp.flags);
  view.setUint16(14, tcp.window);
  view.setUint16(16, internetChecksum(pseudoHeader(packet, segment.length), segment));
  return segment;
}

/** In four bytes each, SACK blocks apart, filled up in front with the option "no operation". @see RFC 9293 §3.2 */
export function optionBytes({ mss, windowScale, sackPermitted, sack = [] }: TcpOptions): Uint8Array {
  return Uint8Array.from([
    ...(mss === undefined ? [] : [2, 4, mss >> 8, mss]),
    ...(windowScale === undefined ? [] : [1, 3, 3, windowScale]),
    ...(sackPermitted ? [1, 1, 4, 2] : []),
    ...(sack.length > 0 ? [1, 1, 5, 2 + 8 * sack.length] : []),
    ...sack.flat().flatMap((number) => [number >>> 24, number >>> 16, number >>> 8, number]),
  ]);
}

const NO_OPERATION = 1;

function udpBytes(packet: Packet, udp: UdpDatagram): Uint8Array {
  const datagram = joined(new Uint8Array(8), dataBytes(packet, udp.dataLength));
  const view = new DataView(datagram.buffer);
  view.setUint16(0, udp.sport);
  view.setUint16(2, udp.dport);
  view.setUint16(4, datagram.length);
  view.setUint16(6, internetChecksum(pseudoHeader(packet, datagram.length), datagram) || 0xffff);
  return datagram;
}

function icmpBytes(packet: Packet, icmp: IcmpMessage): Uint8Array {
  const data = icmp.inner ? bytesOf(icmp.inner).subarray(0, icmp.dataLength) : dataBytes(packet, icmp.dataLength);
  const message = joined(new Uint8Array(8), data);
  const view = new DataView(message.buffer);
  view.setUint8(0, icmp.type);
  view.setUint8(1, icmp.code);
  if (icmp.inner) view.setUint32(4, icmp.mtu ?? 0);
  else view.setUint32(4, (icmp.id << 16) | icmp.seq);
  const pseudo = packet.protocol === PROTOCOL.icmpv6 ? pseudoHeader(packet, message.length) : NOTHING;
  view.setUint16(2, internetChecksum(pseudo, message));
  return message;
}

/** The common header and one chunk of 20 bytes, laid out as an INIT. */
function sctpBytes(sctp: SctpPacket): Uint8Array {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, sctp.sport);
  view.setUint16(2, sctp.dport);
  view.setUint32(4, sctp.tag);
  view.setUint8(12, sctp.chunk);
  view.setUint16(14, 20);
  view.setUint32(16, sctp.initTag);
  view.setUint32(20, 0xffff);
  view.setUint16(24, 1);
  view.setUint16(26, 1);
  view.setUint32(28, 1);
  view.setUint32(8, crc32c(bytes), true);
  return bytes;
}

/** No flags; what it carries is IPv4 (RFC 2784 §2). */
const GRE_HEADER = Uint8Array.from([0, 0, 0x08, 0x00]);
const NOTHING = new Uint8Array(0);

/** RFC 9293 §3.1, RFC 8200 §8.1. */
function pseudoHeader({ src, dst, protocol }: Packet, length: number): Uint8Array {
  const tail = new Uint8Array(8);
  const view = new DataView(tail.buffer);
  view.setUint32(0, length);
  view.setUint32(4, protocol);
  return joined(addressBytes(src), addressBytes(dst), tail);
}

/** The payload, or as many filler bytes as it is long. */
function dataBytes({ payload }: Packet, length: number): Uint8Array {
  if (payload === undefined) return new Uint8Array(Math.max(0, length)).fill(FILLER);
  return Uint8Array.from(payload, (character) => character.charCodeAt(0));
}

/** `x`. */
const FILLER = 0x78;

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
