/**
 * Whether REJECT believes a packet: it answers only what passes a checksum over the whole of the data, even where the
 * protocol has none, or where this is only a part of the data.
 *
 * @kernel net/ipv4/netfilter/nf_reject_ipv4.c:nf_send_unreach, include/net/netfilter/nf_reject.h:nf_reject_verify_csum
 */
import { addressBytes, bytesOf } from '../net/bytes';
import { EXTENSION, findIpv6Header } from '../net/ipv6-header';
import { IP_HEADER_BYTES, type Packet, tcpOptionLength, transportLength } from '../net/packet';
import { PROTOCOL } from '../net/protocol';

/** Protocols whose data the kernel does not add up. */
const NOT_VERIFIED: ReadonlySet<number> = new Set([
  PROTOCOL.gre,
  PROTOCOL.ah,
  PROTOCOL.esp,
  PROTOCOL.sctp,
  PROTOCOL.udplite,
]);

/** One's complement arithmetic: both 0 and 0xffff are zero. */
const MODULUS = 0xffff;
/** What a scenario's payload is made of where it names only its length. */
const FILLER = 'x';

export function passesRejectChecksum(packet: Packet): boolean {
  const { protocol, transport, fragment, family } = packet;
  if (family === 'ipv6' && EXTENSION_HEADERS.has(protocol)) return passesBehindExtensions(packet);
  // Its checksum counts addresses, which IPv4's reader does not.
  if (family === 'ipv4' && protocol === PROTOCOL.icmpv6) return false;
  if (NOT_VERIFIED.has(protocol)) return true;
  if (packet.spoilt) return false;
  if (transport.kind === 'other') return sumOf(dataOf(packet), pseudoHeaderSum(packet)) === 0;
  if (fragment === undefined) return true;
  const missing = missingData(packet);
  // TCP and UDP also add up the length.
  return sumOf(missing, protocol === PROTOCOL.icmp ? 0 : missing.length) === 0;
}

const EXTENSION_HEADERS: ReadonlySet<number> = new Set(Object.values(EXTENSION));

/** @kernel net/ipv6/netfilter/nf_reject_ipv6.c:reject6_csum_ok */
function passesBehindExtensions(packet: Packet): boolean {
  const place = findIpv6Header(packet);
  if (typeof place === 'string' || place.protocol === EXTENSION.none) return false;
  if (NOT_VERIFIED.has(place.protocol)) return true;
  const behind = bytesOf(packet).slice(place.offset);
  return sumOf(String.fromCharCode(...behind), pseudoHeaderSum(packet, behind.length, place.protocol)) === 0;
}

/** In IPv6 addresses, length and protocol are added to the data of whatever protocol. @kernel net/netfilter/utils.c:nf_ip6_checksum */
function pseudoHeaderSum(packet: Packet, length = transportLength(packet), protocol = packet.protocol): number {
  if (packet.family === 'ipv4') return 0;
  const addresses = [...addressBytes(packet.src), ...addressBytes(packet.dst)];
  return sumOf(String.fromCharCode(...addresses), length + protocol);
}

function dataOf({ transport, payload }: Packet): string {
  return payload ?? FILLER.repeat(transport.dataLength);
}

/** What of the data this first fragment does not have; its checksum counts it. */
function missingData(packet: Packet): string {
  const { family, length, transport } = packet;
  const all = dataOf(packet);
  const here = length - IP_HEADER_BYTES[family];
  const header = transport.kind === 'tcp' ? 20 + tcpOptionLength(transport.options) : 8;
  return all.slice(Math.max(0, here - header));
}

function sumOf(data: string, initial: number): number {
  let sum = initial;
  for (let index = 0; index < data.length; index += 2) {
    sum += (data.charCodeAt(index) << 8) | (index + 1 < data.length ? data.charCodeAt(index + 1) : 0);
  }
  return sum % MODULUS;
}
