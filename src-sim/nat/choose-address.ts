/**
 * Which address of a range a flow gets: a hash of its source (and destination), not the next in turn.
 *
 * @kernel net/netfilter/nf_nat_core.c:find_best_ips_proto
 */
import type { NatRange } from '../conntrack/entry';
import type { Tuple } from '../conntrack/tuple';
import { ADDRESS_BITS, type Address, addressFromValue, addressValue, familyOf } from '../net/address';
import { hashedWords, jhash, reciprocalScale } from '../net/jhash';
import type { Manip } from './nat';

const WORD = 0xffffffff;
/** An address takes four words in a tuple, whatever its family. */
const TUPLE_WORDS = 4;

export function chooseAddress(tuple: Tuple, range: NatRange, manip: Manip, zoneId: number): Address {
  if (range.addresses === undefined) return manip === 'src' ? tuple.src : tuple.dst;
  const { min, max } = range.addresses;
  if (min === max) return min;
  const destination = hashedWords(tuple.dst);
  const salt = range.persistent ? 0 : ((destination.at(-1) ?? 0) ^ zoneId) >>> 0;
  const [lowest, highest] = [words(min), words(max)];
  const source = hashedWords(tuple.src);
  let hash = jhash([...source, ...Array<number>(TUPLE_WORDS - source.length).fill(0)], salt);
  let fullRange = false;
  const chosen = lowest.map((low, index) => {
    const high = highest[index] ?? WORD;
    const word = fullRange ? reciprocalScale(hash, WORD) : (low + reciprocalScale(hash, high - low + 1)) >>> 0;
    fullRange ||= word !== high;
    if (!range.persistent) hash = (hash ^ (destination[index] ?? 0)) >>> 0;
    return word;
  });
  return addressFromValue(
    chosen.reduce((value, word) => (value << 32n) | BigInt(word), 0n),
    familyOf(min),
  );
}

/** An address as 32-bit numbers, most significant first. */
function words(address: Address): readonly number[] {
  const value = addressValue(address);
  const count = ADDRESS_BITS[familyOf(address)] / 32;
  return Array.from({ length: count }, (_, index) => Number((value >> BigInt(32 * (count - 1 - index))) & 0xffffffffn));
}
