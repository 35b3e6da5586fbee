/** What a TTL and a hop limit have in common: the same number, tested and changed in the same ways. */
import type { Given } from '../netfilter/ruleset';
import { compare, type MatchAnswer, mismatch } from './define';
import { unsigned } from './value-types';

export const step = unsigned('number from 1 to 255', 1, 255);

export interface HopTest {
  readonly equal: Given<number> | undefined;
  readonly less: Given<number> | undefined;
  readonly more: Given<number> | undefined;
}

export function compareHops(name: 'ttl' | 'hl', hops: number, { equal, less, more }: HopTest): MatchAnswer {
  const saw = () => `the ${name === 'ttl' ? 'TTL' : 'hop limit'} is ${hops}`;
  if (equal) return compare(`${name}-eq`, equal, hops === equal.value, saw);
  if (less && hops >= less.value) return mismatch(`${name}-lt`, saw());
  return more && hops <= more.value ? mismatch(`${name}-gt`, saw()) : true;
}

export function changedHops(
  hops: number,
  set: Given<number> | undefined,
  dec: Given<number> | undefined,
  inc: Given<number> | undefined,
): number {
  if (set) return set.value;
  return Math.min(255, Math.max(0, hops - (dec?.value ?? 0) + (inc?.value ?? 0)));
}
