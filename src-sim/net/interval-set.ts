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

export function overlaps(a: IntervalSet, b: IntervalSet): boolean {
  let i = 0;
  let j = 0;
  for (let x = a[i], y = b[j]; x !== undefined && y !== undefined; x = a[i], y = b[j]) {
    if (x.start < y.end && y.start < x.end) return true;
    if (x.end < y.end) i += 1;
    else j += 1;
  }
  return false;
}

/** What is in `a` and not in `b`. */
export function subtract(a: IntervalSet, b: IntervalSet): IntervalSet {
  const rest: Interval[] = [];
  for (const { start, end } of a) {
    let from = start;
    for (const hole of b) {
      if (hole.end <= from || hole.start >= end) continue;
      if (from < hole.start) rest.push({ start: from, end: hole.start });
      from = max(from, hole.end);
    }
    if (from < end) rest.push({ start: from, end });
  }
  return rest;
}

export function holds(set: IntervalSet, point: Point): boolean {
  return set.some(({ start, end }) => start <= point && point < end);
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
