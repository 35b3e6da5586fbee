/**
 * One field of the header, and the rules of a chain that have a condition on it. For a value of the field it answers
 * with the rules whose condition holds: for ordered values by the elementary intervals that the conditions make, for
 * others by what was worked out when the value was first seen.
 */
import type { IntervalSet, Point } from '../../net/interval-set';
import type { HeaderFields } from './header';
import { RuleSet, StoredRuleSets } from './rule-sets';

export interface Dimension {
  readonly sets: StoredRuleSets;
  /** Rules without a condition on the field. */
  readonly free: RuleSet;
  /** Whether the field stands in the packet, and not beside it: device, mark and state are no news to who knows them. */
  readonly isOfPacket: boolean;
  /** The number, in `sets`, of the rules whose condition holds. */
  lookUp(header: HeaderFields): number;
}

/** The rules with a condition on a field. */
export type Conditions<Condition> = ReadonlyMap<number, Condition>;

/** Of values that are ordered: addresses, ports, protocols. */
export function intervalDimension(
  ruleCount: number,
  conditions: Conditions<IntervalSet>,
  read: (header: HeaderFields) => Point,
): Dimension {
  const { sets, free, current } = emptySets(ruleCount, conditions);
  const toggles = togglesOf(conditions);
  const starts = [...toggles.keys()].sort((a, b) => (a < b ? -1 : 1));
  const below = sets.add(current);
  const found = starts.map((start) => {
    for (const rule of toggles.get(start) ?? []) current.toggle(rule);
    return sets.add(current);
  });
  return {
    sets,
    free,
    isOfPacket: true,
    lookUp: rememberLast(read, (value) => {
      let [low, high] = [0, starts.length];
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((starts[middle] ?? 0) <= value) low = middle + 1;
        else high = middle;
      }
      return found[low - 1] ?? below;
    }),
  };
}

/** Where conditions begin or cease to hold, from the lowest value to the highest. */
function togglesOf(conditions: Conditions<IntervalSet>): ReadonlyMap<Point, readonly number[]> {
  const toggles = new Map<Point, number[]>();
  for (const [rule, set] of conditions) {
    for (const { start, end } of set) {
      for (const point of [start, end]) {
        const known = toggles.get(point);
        if (known) known.push(rule);
        else toggles.set(point, [rule]);
      }
    }
  }
  return toggles;
}

/** Values are forgotten beyond this many. */
const MOST_VALUES = 4096;

/** Of names, states and marks. */
export function lookUpDimension<Value>(
  ruleCount: number,
  conditions: Conditions<(header: HeaderFields) => boolean>,
  read: (header: HeaderFields) => Value,
): Dimension {
  const { sets, free } = emptySets(ruleCount, conditions);
  const known = new Map<Value, number>();
  const workOut = (value: Value, header: HeaderFields): number => {
    const holding = new RuleSet(ruleCount);
    for (const [rule, holds] of conditions) if (holds(header)) holding.toggle(rule);
    if (known.size >= MOST_VALUES) known.clear();
    const number = sets.add(holding);
    known.set(value, number);
    return number;
  };
  return {
    sets,
    free,
    isOfPacket: false,
    lookUp: rememberLast(read, (value, header) => known.get(value) ?? workOut(value, header)),
  };
}

/** Protocols, states and devices are mostly those of the packet before. */
function rememberLast<Value>(
  read: (header: HeaderFields) => Value,
  lookUp: (value: Value, header: HeaderFields) => number,
): (header: HeaderFields) => number {
  let last: { readonly value: Value; readonly found: number } | undefined;
  return (header) => {
    const value = read(header);
    if (last !== undefined && last.value === value) return last.found;
    const found = lookUp(value, header);
    last = { value, found };
    return found;
  };
}

function emptySets(ruleCount: number, conditions: Conditions<unknown>) {
  const free = new RuleSet(ruleCount);
  for (let rule = 0; rule < ruleCount; rule += 1) if (!conditions.has(rule)) free.toggle(rule);
  return { sets: new StoredRuleSets(free.summaries.length), free, current: new RuleSet(ruleCount) };
}
