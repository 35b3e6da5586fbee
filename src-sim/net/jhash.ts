/**
 * Bob Jenkins' lookup3 hash over 32-bit words (public domain), as the kernel chooses an address of a range by it.
 *
 * @see http://burtleburtle.net/bob/hash/doobs.html
 * @kernel include/linux/jhash.h:jhash2
 */
import type { Address } from './address';
import { addressBytes } from './bytes';

const INITIAL = 0xdeadbeef;

export function jhash(words: readonly number[], initial: number): number {
  let a = (INITIAL + words.length * 4 + initial) | 0;
  let b = a;
  let c = a;
  const word = (index: number) => words[index] ?? 0;
  let at = 0;
  for (; words.length - at > 3; at += 3) {
    [a, b, c] = mix((a + word(at)) | 0, (b + word(at + 1)) | 0, (c + word(at + 2)) | 0);
  }
  if (at === words.length) return c >>> 0;
  return final((a + word(at)) | 0, (b + word(at + 1)) | 0, (c + word(at + 2)) | 0) >>> 0;
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** Each step: x -= z; x ^= rotate(z, bits); z += y; then the three change places. */
function mix(a: number, b: number, c: number): [number, number, number] {
  for (const bits of [4, 6, 8, 16, 19, 4]) {
    const mixed = ((a - c) | 0) ^ rotate(c, bits);
    [a, b, c] = [b, (c + b) | 0, mixed];
  }
  return [a, b, c];
}

/** Each step: z ^= y; z -= rotate(y, bits); then the three change places. */
function final(a: number, b: number, c: number): number {
  for (const bits of [14, 11, 25, 16, 4, 14, 24]) {
    const mixed = ((c ^ b) - rotate(b, bits)) | 0;
    [a, b, c] = [b, mixed, a];
  }
  // The last step changed the word that stands in the middle now.
  return b;
}

/**
 * An address as words of the packet, in the byte order of this machine's kernel.
 *
 * @deviates the kernel is taken to be little-endian
 */
export function hashedWords(address: Address): readonly number[] {
  const view = new DataView(addressBytes(address).buffer);
  return Array.from({ length: view.byteLength / 4 }, (_, index) => view.getUint32(index * 4, true));
}

/** From a hash to one of `count` places. @kernel include/linux/kernel.h:reciprocal_scale */
export function reciprocalScale(hash: number, count: number): number {
  return Number((BigInt(hash) * BigInt(count)) >> 32n);
}
