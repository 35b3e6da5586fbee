/**
 * The extension headers of an IPv6 packet, read from its bytes.
 *
 * @see RFC 8200 §4
 */
import { bytesOf } from './bytes';
import { firstProtocol, IP_HEADER_BYTES, type Packet } from './packet';
import { PROTOCOL } from './protocol';

export const EXTENSION = {
  hopByHop: 0,
  routing: 43,
  fragment: 44,
  auth: PROTOCOL.ah,
  none: 59,
  destination: 60,
} as const;

const EXTENSIONS: ReadonlySet<number> = new Set(Object.values(EXTENSION));

export interface HeaderPlace {
  readonly protocol: number;
  /** In bytes from the start of the packet. */
  readonly offset: number;
}

/** `absent`: another header ends the search; `broken`: the packet ends before it is over. */
export type HeaderSearch = HeaderPlace | 'absent' | 'broken';

/**
 * The header of a protocol; without one, the first that is no extension header.
 *
 * @kernel net/ipv6/exthdrs_core.c:ipv6_find_hdr
 */
export function findIpv6Header(packet: Packet, wanted?: number): HeaderSearch {
  const bytes = bytesOf(packet);
  let protocol = firstProtocol(packet);
  let offset: number = IP_HEADER_BYTES.ipv6;
  for (;;) {
    const found = protocol === wanted;
    if (!EXTENSIONS.has(protocol) || protocol === EXTENSION.none) {
      return found || wanted === undefined ? { protocol, offset } : 'absent';
    }
    if (offset + lookedAt(protocol) > bytes.length) return 'broken';
    const next = bytes[offset] ?? 0;
    if (found) return { protocol, offset };
    if (protocol === EXTENSION.fragment && fragmentOffset(bytes, offset) > 0) {
      const isLast = !EXTENSIONS.has(next) || next === EXTENSION.none;
      return wanted === undefined && isLast ? { protocol: next, offset } : 'absent';
    }
    offset += extensionLength(protocol, bytes, offset);
    protocol = next;
  }
}

/** What the packet carries behind its extension headers, which `-p` and conntrack ask for; `broken` as above. */
export function upperProtocol(packet: Packet): number | 'broken' {
  if (packet.family === 'ipv4' || !EXTENSIONS.has(packet.protocol)) return packet.protocol;
  const found = findIpv6Header(packet);
  return typeof found === 'string' ? 'broken' : found.protocol;
}

/** How many bytes of a header are looked at. */
function lookedAt(protocol: number): number {
  return protocol === EXTENSION.fragment || protocol === EXTENSION.routing ? 4 : 2;
}

function fragmentOffset(bytes: Uint8Array, offset: number): number {
  return (((bytes[offset + 2] ?? 0) << 8) | (bytes[offset + 3] ?? 0)) & ~7;
}

/** @param protocol of the header that begins at `offset` */
export function extensionLength(protocol: number, bytes: Uint8Array, offset: number): number {
  const units = bytes[offset + 1] ?? 0;
  if (protocol === EXTENSION.fragment) return 8;
  return protocol === EXTENSION.auth ? (units + 2) * 4 : (units + 1) * 8;
}

/** A fragment header of what is no fragment. RFC 6946 */
export function isAtomic(bytes: Uint8Array, offset: number, protocol: number): boolean {
  if (protocol !== EXTENSION.fragment || offset + 8 > bytes.length) return false;
  return fragmentOffset(bytes, offset) === 0 && ((bytes[offset + 3] ?? 0) & 1) === 0;
}
