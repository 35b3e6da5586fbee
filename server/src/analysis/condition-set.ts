/** What a region's condition takes of its dimension, worked out once for a ruleset. */

import { addressRange, networkRange } from '../../../src-sim/net/address-interval';
import { type IntervalSet, interval, intervalSet, subtract } from '../../../src-sim/net/interval-set';
import type { RegionCondition } from '../../../src-sim/xt/region';
import { addressTypesOf, type HeaderDimension, interfacesLike, points, type Space, statesOf } from './packet-space';

export type ConditionSet =
  | { readonly kind: 'set'; readonly dimension: HeaderDimension; readonly set: IntervalSet }
  /** `mark & mask === value` where that is too many intervals to write down. */
  | {
      readonly kind: 'bits';
      readonly dimension: 'mark';
      readonly value: number;
      readonly mask: number;
      readonly inverted: boolean;
    };

/**
 * Undefined where the condition is beyond the language of intervals (a network whose mask has holes), and where headers
 * do not tell: what is known of sets of packets is known of their headers.
 */
export function conditionSet(space: Space, condition: RegionCondition): ConditionSet | undefined {
  if (condition.kind === 'question') return undefined;
  const dimension = dimensionFor(condition);
  if (condition.kind === 'bits' && condition.field === 'mark' && !hasOnesOnTheLeft(condition.mask)) {
    return { ...condition, kind: 'bits', dimension: 'mark' };
  }
  const taken = positiveSet(space, condition);
  if (taken === undefined) return undefined;
  return { kind: 'set', dimension, set: condition.inverted ? subtract(space.domains[dimension], taken) : taken };
}

type HeaderCondition = Exclude<RegionCondition, { readonly kind: 'question' }>;

function dimensionFor(condition: HeaderCondition): HeaderDimension {
  if (condition.kind === 'state') return 'state';
  if (condition.kind === 'address-type') return condition.field === 'src' ? 'srcType' : 'dstType';
  return condition.field;
}

/** What the condition takes when it is read without its `!`. */
function positiveSet(space: Space, condition: HeaderCondition): IntervalSet | undefined {
  switch (condition.kind) {
    case 'state':
      return statesOf(...condition.states);
    case 'address-type':
      return addressTypesOf(...condition.types);
    case 'interface':
      return interfacesLike(space, condition.pattern);
    case 'range':
      return intervalSet(condition.ranges.map(([from, to]) => ({ start: from, end: to + 1 })));
    case 'addresses':
      return intervalSet(condition.ranges.flatMap(([from, to]) => addressRange(from, to)));
    case 'network':
      return networkRange(condition.network, space.family);
    case 'bits':
      return bitsSet(condition);
  }
}

function bitsSet({ field, value, mask }: HeaderCondition & { readonly kind: 'bits' }): IntervalSet {
  // A mark compared as a whole, or by its upper bits.
  if (field === 'mark') return interval(value, value + 2 ** 32 - mask);
  return points([...Array(256).keys()].filter((flags) => (flags & mask) === value));
}

function hasOnesOnTheLeft(mask: number): boolean {
  return Number.isInteger(Math.log2(2 ** 32 - mask));
}
