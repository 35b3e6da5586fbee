/**
 * Sets of packets over what rules ask of them: headers, interfaces, conntrack state, mark. A set is a list of disjoint
 * boxes, a box the product of one interval set for each dimension; a dimension that is absent may have any value.
 *
 * The universe is that of whole, well-formed packets: later fragments are not in it. Dimensions that a packet does not
 * have (the ports of an ICMP message) are ignored when a member is picked.
 */

import { type IntervalSet, intersect, intervalSet, subtract } from '../../../src-sim/net/interval-set';
import type { ConditionSet } from './condition-set';
import { type Dimension, domainOf, type Space } from './packet-space';

export type Box = { readonly [D in Dimension]?: IntervalSet };

/** More members than this are not looked at one by one. */
const ENUMERABLE = 64;

export function dimensionOf(space: Space, box: Box, dimension: Dimension): IntervalSet {
  return box[dimension] ?? domainOf(space, dimension);
}

export function isEmpty(box: Box): boolean {
  return Object.values(box).some((set) => set?.length === 0);
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

/** Parts a box by one condition; undefined where nobody knows which of its packets meet it. */
export function splitBox(space: Space, box: Box, condition: ConditionSet): Split | undefined {
  const { dimension } = condition;
  // Nobody knows the mark of these packets: it may be one that no packet of theirs can have.
  if (dimension === 'mark' && box.mark === undefined) return undefined;
  const own = dimensionOf(space, box, dimension);
  const taken = condition.kind === 'set' ? intersect(own, condition.set) : withinBits(own, condition);
  if (taken === undefined) return undefined;
  const left = subtract(own, taken);
  const part = (set: IntervalSet): Box | undefined => (set.length === 0 ? undefined : { ...box, [dimension]: set });
  return { met: part(taken), unmet: part(left) };
}

/** The marks of a set that meet `mark & mask === value`, where they are few enough to be looked at one by one. */
function withinBits(own: IntervalSet, condition: ConditionSet & { readonly kind: 'bits' }): IntervalSet | undefined {
  const { value, mask, inverted } = condition;
  const size = own.reduce((sum, { start, end }) => sum + Number(end) - Number(start), 0);
  if (size > ENUMERABLE) return undefined;
  const members = own.flatMap(({ start, end }) =>
    Array.from({ length: Number(end) - Number(start) }, (_, index) => Number(start) + index),
  );
  const met = members.filter((member) => ((member & mask) >>> 0 === value >>> 0) !== inverted);
  return intervalSet(met.map((member) => ({ start: member, end: member + 1 })));
}
