/**
 * HalfSipHash as 64-bit kernels compute it: SipHash-1-3, of which the lower 32 bits are taken.
 *
 * @see Aumasson, Bernstein: SipHash, a fast short-input PRF
 * @kernel lib/siphash.c:hsiphash_1u32
 */

const MASK = (1n << 64n) - 1n;

/** @param key both halves of the key */
export function hsiphashOfWord(word: number, key: readonly [bigint, bigint]): number {
  const [k0, k1] = key;
  const block = (4n << 56n) | BigInt(word >>> 0);
  let v: State = [
    0x736f6d6570736575n ^ k0,
    0x646f72616e646f6dn ^ k1,
    0x6c7967656e657261n ^ k0,
    0x7465646279746573n ^ k1,
  ];
  v = round([v[0], v[1], v[2], v[3] ^ block]);
  v = round([v[0] ^ block, v[1], v[2] ^ 0xffn, v[3]]);
  v = round(round(v));
  return Number((v[0] ^ v[1] ^ v[2] ^ v[3]) & 0xffff_ffffn);
}

type State = readonly [bigint, bigint, bigint, bigint];

function round([a, b, c, d]: State): State {
  let [v0, v1, v2, v3] = [(a + b) & MASK, rotate(b, 13n), (c + d) & MASK, rotate(d, 16n)];
  [v1, v3] = [v1 ^ v0, v3 ^ v2];
  v0 = (rotate(v0, 32n) + v3) & MASK;
  v2 = (v2 + v1) & MASK;
  [v1, v3] = [rotate(v1, 17n) ^ v2, rotate(v3, 21n) ^ v0];
  return [v0, v1, rotate(v2, 32n), v3];
}

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK;
}
