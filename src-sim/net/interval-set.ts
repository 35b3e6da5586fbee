/**
 * Sets of whole numbers as sorted, disjoint, half-open intervals. Half-open, so that the complement needs nothing but
 * comparisons, and one algebra serves ports (numbers) and IPv6 addresses (bigints) alike.
 */

/** IPv6 addresses need 128 bits; everything else is a number. One set holds points of one sort only. */
export type Point = number | bigint;

export interface Interval {
  readonly start: Point;
  /** The first point behind it. */
  readonly end: Point;
}

export type IntervalSet = readonly Interval[];

export const NOTHING: IntervalSet = [];

export function interval(start: Point, end: Point): IntervalSet {
  return start < end ? [{ start, end }] : NOTHING;
}

/** The set of any intervals, in any order, overlapping or not. */
export function intervalSet(intervals: readonly Interval[]): IntervalSet {
  const sorted = intervals.filter(({ start, end }) => start < end).sort((a, b) => order(a.start, b.start));
  const merged: Interval[] = [];
  for (const next of sorted) {
    const last = merged.at(-1);
    if (last === undefined || last.end < next.start) merged.push(next);
    else merged[merged.length - 1] = { start: last.start, end: max(last.end, next.end) };
  }
  return merged;
}

export function intersect(a: IntervalSet, b: IntervalSet): IntervalSet {
  const [one] = b;
  if (b.length === 1 && one !== undefined) return within(a, one);
  if (a.length === 1) return intersect(b, a);
  const common: Interval[] = [];
  let i = 0;
  let j = 0;
  for (let x = a[i], y = b[j]; x !== undefined && y !== undefined; x = a[i], y = b[j]) {
    const start = max(x.start, y.start);
    const end = min(x.end, y.end);
    if (start < end) common.push({ start, end });
    if (x.end < y.end) i += 1;
    else j += 1;
  }
  return common;
}

/** The part of a set that lies in one interval; what is not cut is taken over as it is, however much that be. */
function within(set: IntervalSet, { start, end }: Interval): IntervalSet {
  const first = firstEndingBehind(set, start);
  const behind = firstStartingFrom(set, end);
  if (first >= behind) return NOTHING;
  const part = set.slice(first, behind);
  const [low] = part;
  if (low !== undefined && low.start < start) part[0] = { start, end: low.end };
  const high = part.at(-1);
  if (high !== undefined && high.end > end) part[part.length - 1] = { start: high.start, end };
  return part;
}

export function overlaps(a: IntervalSet, b: IntervalSet): boolean {
  if (a.length < b.length) return overlaps(b, a);
  for (const { start, end } of b) {
    const next = a[firstEndingBehind(a, start)];
    if (next !== undefined && next.start < end) return true;
  }
  return false;
}

/** What is in `a` and not in `b`. */
export function subtract(a: IntervalSet, b: IntervalSet): IntervalSet {
  const [one] = b;
  if (b.length === 1 && one !== undefined) return without(a, one);
  const rest: Interval[] = [];
  let from = 0;
  for (const { start, end } of a) {
    let left = start;
    while ((b[from]?.end ?? end) <= start && from < b.length) from += 1;
    for (let at = from; at < b.length; at += 1) {
      const hole = b[at];
      if (hole === undefined || hole.start >= end) break;
      if (left < hole.start) rest.push({ start: left, end: hole.start });
      left = max(left, hole.end);
    }
    if (left < end) rest.push({ start: left, end });
  }
  return rest;
}

function without(set: IntervalSet, { start, end }: Interval): IntervalSet {
  const first = firstEndingBehind(set, start);
  const behind = firstStartingFrom(set, end);
  if (first >= behind) return set;
  const [low, high] = [set[first], set[behind - 1]];
  const kept: Interval[] = set.slice(0, first);
  if (low !== undefined && low.start < start) kept.push({ start: low.start, end: start });
  if (high !== undefined && high.end > end) kept.push({ start: end, end: high.end });
  return behind === set.length ? kept : kept.concat(set.slice(behind));
}

/** Most sets are short: of these each interval is asked. */
const FEW = 4;

export function holds(set: IntervalSet, point: Point): boolean {
  if (set.length <= FEW) {
    for (const { start, end } of set) if (start <= point && point < end) return true;
    return false;
  }
  const next = set[firstEndingBehind(set, point)];
  return next !== undefined && next.start <= point;
}

/** By halving: the index of the first interval that ends behind a point; the length of the set where none does. */
function firstEndingBehind(set: IntervalSet, point: Point): number {
  return firstWhere(set, ({ end }) => end > point);
}

function firstStartingFrom(set: IntervalSet, point: Point): number {
  return firstWhere(set, ({ start }) => start >= point);
}

function firstWhere(set: IntervalSet, test: (one: Interval) => boolean): number {
  let [low, high] = [0, set.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const one = set[middle];
    if (one !== undefined && test(one)) high = middle;
    else low = middle + 1;
  }
  return low;
}

export function isSubset(a: IntervalSet, b: IntervalSet): boolean {
  return subtract(a, b).length === 0;
}

export function sameSet(a: IntervalSet, b: IntervalSet): boolean {
  return a.length === b.length && a.every((x, i) => x.start === b[i]?.start && x.end === b[i]?.end);
}

function order(a: Point, b: Point): number {
  if (a < b) return -1;
  return a > b ? 1 : 0;
}

function max(a: Point, b: Point): Point {
  return a < b ? b : a;
}

function min(a: Point, b: Point): Point {
  return a < b ? a : b;
}
