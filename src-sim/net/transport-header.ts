/** Where the header behind the IP headers begins, and numbers read from a packet's bytes. */
import { bytesOf } from './bytes';
import { findIpv6Header } from './ipv6-header';
import { IP_HEADER_BYTES, isLaterFragment, type Packet } from './packet';

/** In bytes from the start of the packet; undefined: a later fragment has none, nor one whose headers are cut short. */
export function transportOffset(packet: Packet): number | undefined {
  if (isLaterFragment(packet)) return undefined;
  if (packet.family === 'ipv4') return IP_HEADER_BYTES.ipv4;
  const found = findIpv6Header(packet);
  return typeof found === 'string' ? undefined : found.offset;
}

/** A number of one, two or four bytes, the highest first; undefined where the packet ends before. */
export function numberAt(packet: Packet, offset: number, width: 1 | 2 | 4): number | undefined {
  const bytes = bytesOf(packet);
  if (offset + width > bytes.length) return undefined;
  let value = 0;
  for (let index = offset; index < offset + width; index++) value = value * 256 + (bytes[index] ?? 0);
  return value;
}
