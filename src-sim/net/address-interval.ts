/** Ranges of addresses and networks as intervals. */
import { ADDRESS_BITS, type Address, type AddressMask, addressPoint, addressValue, type Family } from './address';
import { type IntervalSet, interval, type Point } from './interval-set';

export function allAddresses(family: Family): IntervalSet {
  return interval(point(0n, family), point(1n << BigInt(ADDRESS_BITS[family]), family));
}

/** Both ends included. */
export function addressRange(from: Address, to: Address): IntervalSet {
  const last = addressPoint(to);
  return interval(addressPoint(from), typeof last === 'bigint' ? last + 1n : last + 1);
}

/** The network `address/mask`; undefined where the mask has holes. */
export function networkRange({ address, mask }: AddressMask, family: Family): IntervalSet | undefined {
  const ones = addressValue(mask);
  const size = (1n << BigInt(ADDRESS_BITS[family])) - ones;
  if ((size & (size - 1n)) !== 0n) return undefined;
  const start = addressValue(address) & ones;
  return interval(point(start, family), point(start + size, family));
}

/** A number where 32 bits hold the value, as {@link addressPoint} has it. */
function point(value: bigint, family: Family): Point {
  return family === 'ipv4' ? Number(value) : value;
}
