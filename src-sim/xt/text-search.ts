/**
 * A text in a packet, headers included.
 *
 * @kernel net/core/skbuff.c:skb_find_text, lib/ts_bm.c, lib/ts_kmp.c
 */
import { bytesOf } from '../net/bytes';
import { IP_HEADER_BYTES, type Packet } from '../net/packet';

export interface TextSearch {
  /** Bytes, one character each. */
  readonly pattern: string;
  readonly ignoreCase: boolean;
  /** Whether the text may stand in two of the fragments that a packet was put together from: `bm` looks into each. */
  readonly acrossPieces: boolean;
  /** First byte of the packet that counts, and the first that does not any more. */
  readonly from: number;
  readonly to: number;
}

export function findText(packet: Packet, search: TextSearch): boolean {
  const bytes = bytesOf(packet);
  const pattern = Array.from(search.pattern, (character) => character.charCodeAt(0));
  const wanted = search.ignoreCase ? pattern.map(upperCase) : pattern;
  return blocksOf(packet, bytes.length, search).some(({ start, end }) => {
    const at = indexOf(bytes.subarray(0, end), wanted, start, search.ignoreCase);
    return at !== -1 && at + wanted.length <= search.to;
  });
}

interface Block {
  readonly start: number;
  readonly end: number;
}

/** Only the first place where the text stands counts, so blocks behind one that has it do not matter. */
function blocksOf({ pieces, family }: Packet, length: number, { acrossPieces, from }: TextSearch): readonly Block[] {
  if (pieces === undefined || acrossPieces) return [{ start: from, end: length }];
  const blocks: Block[] = [];
  let end = IP_HEADER_BYTES[family];
  for (const bytes of pieces) {
    const start = blocks.length === 0 ? 0 : end;
    end += bytes;
    if (end > from) blocks.push({ start: Math.max(start, from), end });
  }
  return blocks;
}

function indexOf(bytes: Uint8Array, wanted: readonly number[], from: number, ignoreCase: boolean): number {
  const last = bytes.length - wanted.length;
  for (let at = from; at <= last; at++) {
    if (wanted.every((byte, index) => readByte(bytes, at + index, ignoreCase) === byte)) return at;
  }
  return -1;
}

function readByte(bytes: Uint8Array, at: number, ignoreCase: boolean): number {
  const byte = bytes[at] ?? 0;
  return ignoreCase ? upperCase(byte) : byte;
}

/** ASCII and Latin-1, in which the kernel takes 0xdf and 0xff for small letters too. @kernel lib/ctype.c */
function upperCase(byte: number): number {
  const isSmall = (byte >= 0x61 && byte <= 0x7a) || (byte >= 0xdf && byte !== 0xf7);
  return isSmall ? byte - 0x20 : byte;
}
