/**
 * What of a rule's matches can be answered by looking the header's fields up, and what is left to be asked: from the
 * first match on that its region does not tell wholly, all are asked, in their order, since asking may count, note, or
 * take a number from the generator.
 */
import { type Family, familyOf } from '../../net/address';
import { addressRange, allAddresses, networkRange } from '../../net/address-interval';
import { type IntervalSet, intersect, interval, intervalSet, isSubset, subtract } from '../../net/interval-set';
import type { MatchUse, Rule } from '../../netfilter/ruleset';
import { interfaceMatches } from '../../xt/address-types';
import type { Match } from '../../xt/define';
import type { AddressField, Region, RegionCondition } from '../../xt/region';
import { findMatch } from '../../xt/registry';
import type { HeaderFields } from './header';

export type IntervalField = AddressField | 'protocol' | 'sport' | 'dport' | 'tcpFlags' | 'icmp';
export type LookUpField = 'mark' | 'in' | 'out' | 'state';

export type Test = (header: HeaderFields) => boolean;

export interface RuleConditions {
  readonly intervals: Map<IntervalField, IntervalSet>;
  readonly tests: Map<LookUpField, Test>;
  /** Matches that must still be asked where all these conditions hold. */
  readonly rest: readonly MatchUse[];
}

export function ruleConditions({ matches }: Rule, family: Family): RuleConditions {
  const conditions: RuleConditions = { intervals: new Map(), tests: new Map(), rest: [] };
  for (const [index, use] of matches.entries()) {
    const region = regionOf(use, conditions);
    if (region === undefined) return { ...conditions, rest: matches.slice(index) };
    const left = region.conditions.filter((condition) => !add(conditions, condition, family));
    if (left.length > 0 || !region.exact) return { ...conditions, rest: matches.slice(index) };
  }
  return conditions;
}

/** The one region that a match takes; undefined where it takes none, or several, or must be asked in any case. */
function regionOf(use: MatchUse, { intervals }: RuleConditions): Region | undefined {
  const match = findMatch(use.name);
  if (match === undefined || use.unknown !== undefined || !hasItsProtocol(match, intervals.get('protocol'))) {
    return undefined;
  }
  const regions = match.region?.(use.options);
  return regions?.length === 1 ? regions[0] : undefined;
}

/** Without its `-p` a match may meet packets whose header it cannot read, and drops them. */
function hasItsProtocol({ protocols }: Match, given: IntervalSet | undefined): boolean {
  if (protocols === undefined) return true;
  return given !== undefined && isSubset(given, intervalSet(protocols.map((number) => numbers(number, number))));
}

/** @returns false where fields alone cannot tell whether the condition holds */
function add({ intervals, tests }: RuleConditions, condition: RegionCondition, family: Family): boolean {
  const { inverted } = condition;
  const looked = lookUpTest(condition);
  if (looked) {
    const { field, test } = looked;
    const before = tests.get(field);
    tests.set(field, (header) => test(header) !== inverted && (before === undefined || before(header)));
    return true;
  }
  const within = intervalsOf(condition, family);
  if (within === undefined) return false;
  const { field, set } = within;
  const domain = field === 'src' || field === 'dst' ? allAddresses(family) : interval(0, NUMBERS);
  intervals.set(field, intersect(inverted ? subtract(domain, set) : set, intervals.get(field) ?? domain));
  return true;
}

/** More than any field but the addresses and the mark can hold. */
const NUMBERS = 65_536;
const FLAG_SETS = 256;

/** Without the condition's `!`. */
function lookUpTest(condition: RegionCondition): { readonly field: LookUpField; readonly test: Test } | undefined {
  const { kind } = condition;
  if (kind === 'state') return { field: 'state', test: ({ state }) => condition.states.includes(state) };
  if (kind === 'interface') {
    const { field, pattern } = condition;
    return { field, test: (header) => interfaceMatches(pattern, header[field]) };
  }
  if ((kind !== 'bits' && kind !== 'range') || condition.field !== 'mark') return undefined;
  if (kind === 'bits') return { field: 'mark', test: ({ mark }) => (mark & condition.mask) >>> 0 === condition.value };
  return { field: 'mark', test: ({ mark }) => condition.ranges.some(([from, to]) => from <= mark && mark <= to) };
}

/** Without the condition's `!`; undefined where it is none of intervals: a network whose mask has holes, say. */
function intervalsOf(
  condition: RegionCondition,
  family: Family,
): { readonly field: IntervalField; readonly set: IntervalSet } | undefined {
  if (condition.kind === 'range' && condition.field !== 'mark') {
    return { field: condition.field, set: intervalSet(condition.ranges.map(([from, to]) => numbers(from, to))) };
  }
  if (condition.kind === 'bits' && condition.field === 'tcpFlags') {
    const { field, value, mask } = condition;
    const flags = [...Array(FLAG_SETS).keys()].filter((one) => (one & mask) === value);
    return { field, set: intervalSet(flags.map((one) => numbers(one, one))) };
  }
  if (condition.kind === 'network') {
    const { field, network } = condition;
    const set = familyOf(network.address) === family ? networkRange(network, family) : undefined;
    return set && { field, set };
  }
  if (condition.kind !== 'addresses' || condition.ranges.some(([from]) => familyOf(from) !== family)) return undefined;
  return { field: condition.field, set: intervalSet(condition.ranges.flatMap(([from, to]) => addressRange(from, to))) };
}

function numbers(from: number, to: number) {
  return { start: from, end: to + 1 };
}
