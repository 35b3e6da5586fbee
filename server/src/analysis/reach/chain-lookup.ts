/**
 * Which rules of a chain may match a packet, without asking all of them: rules are filed under the dimension in which
 * most of them are narrow (a service's address, a port), the others under the next, and what is narrow in none is asked
 * every time. Filed rules take room for each elementary interval that they cover, so only narrow ones are filed.
 */
import type { IntervalSet, Point } from '../../../../src-sim/net/interval-set';
import type { Dimension } from '../packet-space';
import type { RuleTest, Term, Values } from './rule-test';

/** Below this many rules asking each is as quick. */
export const FEWEST_RULES = 12;
const MOST_FILES = 5;
/** Elementary intervals that a filed rule may cover. */
const WIDEST = 8;

interface File {
  readonly dimension: Dimension;
  readonly starts: readonly Point[];
  /** For each start, the rules that hold from there to the next start; ascending. */
  readonly rules: readonly (readonly number[])[];
}

export interface ChainLookup {
  /** Rules by index, ascending, among them all that may match. */
  candidates(values: Values): readonly number[];
}

export function chainLookup(tests: ReadonlyMap<number, RuleTest>): ChainLookup {
  const files: File[] = [];
  let left: ReadonlyMap<number, RuleTest> = tests;
  while (left.size >= FEWEST_RULES && files.length < MOST_FILES) {
    const dimension = narrowest(left, new Set(files.map((file) => file.dimension)));
    if (dimension === undefined) break;
    const { file, others } = fileUnder(dimension, left);
    files.push(file);
    left = others;
  }
  const always = [...left.keys()];
  return { candidates: (values) => merged([always, ...files.map((file) => found(file, values))]) };
}

/** The dimension on which most rules have a condition, of those that tell rules apart if there is one. */
function narrowest(tests: ReadonlyMap<number, RuleTest>, used: ReadonlySet<Dimension>): Dimension | undefined {
  const weights = new Map<Dimension, number>();
  for (const { terms } of tests.values()) {
    for (const { dimension } of terms) {
      if (!used.has(dimension))
        weights.set(dimension, (weights.get(dimension) ?? 0) + (COARSE.has(dimension) ? 1 : 10));
    }
  }
  let best: Dimension | undefined;
  for (const [dimension, weight] of weights) {
    if (best === undefined || weight > (weights.get(best) ?? 0)) best = dimension;
  }
  return best;
}

/** Values that half of the rules share. */
const COARSE: ReadonlySet<Dimension> = new Set<Dimension>(['protocol', 'state', 'tcpFlags', 'srcType', 'dstType']);

function fileUnder(
  dimension: Dimension,
  tests: ReadonlyMap<number, RuleTest>,
): { readonly file: File; readonly others: ReadonlyMap<number, RuleTest> } {
  const own = new Map<number, Term>();
  for (const [index, { terms }] of tests) {
    const term = terms.find((one) => one.dimension === dimension);
    if (term) own.set(index, term);
  }
  const starts = [...new Set([...own.values()].flatMap(({ set }) => set.flatMap(({ start, end }) => [start, end])))];
  starts.sort((a, b) => (a < b ? -1 : 1));
  const rules: number[][] = starts.map(() => []);
  const others = new Map(tests);
  for (const [index, { set }] of own) {
    const places = placesOf(starts, set);
    if (places === undefined) continue;
    for (const place of places) rules[place]?.push(index);
    others.delete(index);
  }
  return { file: { dimension, starts, rules }, others };
}

/** The elementary intervals of a set; undefined where they are many. */
function placesOf(starts: readonly Point[], set: IntervalSet): readonly number[] | undefined {
  const places: number[] = [];
  for (const { start, end } of set) {
    for (let at = lastNotAbove(starts, start); at < starts.length && (starts[at] ?? end) < end; at += 1) {
      places.push(at);
      if (places.length > Math.max(WIDEST, 4 * set.length)) return undefined;
    }
  }
  return places;
}

function found({ dimension, starts, rules }: File, values: Values): readonly number[] {
  return rules[lastNotAbove(starts, values(dimension))] ?? [];
}

/** -1 where the value lies below all. */
function lastNotAbove(starts: readonly Point[], value: Point): number {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function merged(lists: readonly (readonly number[])[]): readonly number[] {
  const some = lists.filter((list) => list.length > 0);
  const [first] = some;
  if (first === undefined || some.length === 1) return first ?? [];
  return some.flat().sort((a, b) => a - b);
}
