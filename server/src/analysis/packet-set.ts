/**
 * Sets of packets over what rules ask of them: headers, interfaces, conntrack state, mark. A set is a list of disjoint
 * boxes, a box the product of one interval set for each dimension; a dimension that is absent may have any value.
 *
 * The universe is that of whole, well-formed packets: later fragments are not in it. Dimensions that a packet does not
 * have (the ports of an ICMP message) are ignored when a member is picked.
 */
import type { RegionCondition } from '../../../src-sim/xt/region';
import { type IntervalSet, intersect, interval, intervalSet, subtract } from './interval-set';
import {
  addressRange,
  addressTypesOf,
  type Dimension,
  interfacesLike,
  networkRange,
  points,
  type Space,
  statesOf,
} from './packet-space';

export type Box = { readonly [D in Dimension]?: IntervalSet };

/** More members than this are not looked at one by one. */
const ENUMERABLE = 64;

export function dimensionOf(space: Space, box: Box, dimension: Dimension): IntervalSet {
  return box[dimension] ?? space.domains[dimension];
}

export function isEmpty(box: Box): boolean {
  return Object.values(box).some((set) => set.length === 0);
}

export function intersectBoxes(a: Box, b: Box): Box | undefined {
  const common: { [D in Dimension]?: IntervalSet } = { ...a };
  for (const [dimension, set] of Object.entries(b) as [Dimension, IntervalSet][]) {
    const own = a[dimension];
    const both = own === undefined ? set : intersect(own, set);
    if (both.length === 0) return undefined;
    common[dimension] = both;
  }
  return common;
}

/** What is in `box` and not in `taken`, as disjoint boxes. */
export function subtractBox(space: Space, box: Box, taken: Box): readonly Box[] {
  const rest: Box[] = [];
  let core: Box = box;
  for (const [dimension, set] of Object.entries(taken) as [Dimension, IntervalSet][]) {
    const own = dimensionOf(space, core, dimension);
    const outside = subtract(own, set);
    if (outside.length > 0) rest.push({ ...core, [dimension]: outside });
    const inside = intersect(own, set);
    if (inside.length === 0) return [box];
    core = { ...core, [dimension]: inside };
  }
  return rest;
}

export interface Split {
  /** The packets of the box that meet the condition; undefined where none does. */
  readonly met: Box | undefined;
  readonly unmet: Box | undefined;
}

/** Parts a box by one condition; undefined where the condition is beyond the boxes' language. */
export function splitByCondition(space: Space, box: Box, condition: RegionCondition): Split | undefined {
  // Nobody knows the mark of these packets: it may be one that no packet of theirs can have.
  if (condition.kind !== 'state' && condition.field === 'mark' && box.mark === undefined) return undefined;
  const dimension = dimensionFor(condition);
  const own = dimensionOf(space, box, dimension);
  const positive = within(space, own, condition);
  if (positive === undefined) return undefined;
  const negative = subtract(own, positive);
  const [met, unmet] = condition.inverted ? [negative, positive] : [positive, negative];
  const part = (set: IntervalSet): Box | undefined => (set.length === 0 ? undefined : { ...box, [dimension]: set });
  return { met: part(met), unmet: part(unmet) };
}

function dimensionFor(condition: RegionCondition): Dimension {
  if (condition.kind === 'state') return 'state';
  if (condition.kind === 'address-type') return condition.field === 'src' ? 'srcType' : 'dstType';
  return condition.field;
}

/** The members of `own` that the condition, read without its `!`, takes. */
function within(space: Space, own: IntervalSet, condition: RegionCondition): IntervalSet | undefined {
  switch (condition.kind) {
    case 'state':
      return intersect(own, statesOf(...condition.states));
    case 'address-type':
      return intersect(own, addressTypesOf(...condition.types));
    case 'interface':
      return intersect(own, interfacesLike(space, condition.pattern));
    case 'range':
      return intersect(own, intervalSet(condition.ranges.map(([from, to]) => ({ start: from, end: to + 1 }))));
    case 'addresses':
      return intersect(own, intervalSet(condition.ranges.flatMap(([from, to]) => addressRange(from, to))));
    case 'network': {
      const range = networkRange(condition.network, space.family);
      return range && intersect(own, range);
    }
    case 'bits':
      return withinBits(own, condition);
  }
}

function withinBits(own: IntervalSet, condition: RegionCondition & { readonly kind: 'bits' }): IntervalSet | undefined {
  const { field, value, mask } = condition;
  const size = 2 ** 32 - mask;
  // Ones on the left only: a mark compared as a whole, or by its upper bits.
  if (field === 'mark' && Number.isInteger(Math.log2(size))) return intersect(own, interval(value, value + size));
  const members = enumerate(own, field === 'tcpFlags' ? 256 : ENUMERABLE);
  return members && points(members.filter((member) => (member & mask) >>> 0 === value >>> 0));
}

/** The members of a set of numbers, where there are no more than `limit`. */
function enumerate(set: IntervalSet, limit: number): readonly number[] | undefined {
  const size = set.reduce((sum, { start, end }) => sum + Number(end) - Number(start), 0);
  if (size > limit) return undefined;
  return set.flatMap(({ start, end }) =>
    Array.from({ length: Number(end) - Number(start) }, (_, index) => Number(start) + index),
  );
}
