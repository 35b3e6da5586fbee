/** A chain as the compiled walk takes it: its index, and for each rule what is left to ask and to do. */
import type { Family } from '../../net/address';
import type { IntervalSet, Point } from '../../net/interval-set';
import type { Chain, MatchUse, Rule, TargetUse } from '../../netfilter/ruleset';
import { findTarget } from '../../xt/registry';
import type { MutableCounters } from '../machine';
import { ChainIndex } from './chain-index';
import { type Dimension, intervalDimension, lookUpDimension } from './dimension';
import type { HeaderFields } from './header';
import {
  type IntervalField,
  type LookUpField,
  type RuleConditions,
  ruleConditions,
  type Test,
} from './rule-conditions';

export interface CompiledChain {
  readonly chain: Chain;
  readonly index: ChainIndex;
  readonly rules: readonly CompiledRule[];
}

export interface CompiledRule {
  readonly rule: Rule;
  /** Matches that are asked of a packet which the index has left. */
  readonly rest: readonly MatchUse[];
  /** Whether its target does the same to every packet, and nothing that outlives it. */
  readonly isSteady: boolean;
  /** Set when the first packet is counted. */
  counters: MutableCounters | undefined;
}

export function compileChain(chain: Chain, family: Family): CompiledChain {
  const conditions = chain.rules.map((rule) => ruleConditions(rule, family));
  const count = chain.rules.length;
  const dimensions = [
    ...keysOf(INTERVAL_FIELDS).flatMap((field) => intervals(count, field, conditions)),
    ...keysOf(LOOK_UP_FIELDS).flatMap((field) => lookUps(count, field, conditions)),
  ];
  const sharpest = dimensions.sort((a, b) => b.rules - a.rules).map(({ dimension }) => dimension);
  return {
    chain,
    index: new ChainIndex(count, sharpest),
    rules: chain.rules.map((rule, at) => ({
      rule,
      rest: conditions[at]?.rest ?? rule.matches,
      isSteady: isSteady(rule.target),
      counters: undefined,
    })),
  };
}

const STEADY_EFFECTS: ReadonlySet<string | undefined> = new Set(['accept', 'drop', 'return', 'mark']);

function isSteady(target: TargetUse): boolean {
  if (target.kind !== 'target') return true;
  return target.unknown === undefined && STEADY_EFFECTS.has(findTarget(target.name)?.effect?.(target.options).kind);
}

/** A function for each field, since one for all that reads `header[field]` is several times as slow. */
const INTERVAL_FIELDS: Readonly<Record<IntervalField, (header: HeaderFields) => Point>> = {
  src: ({ src }) => src,
  dst: ({ dst }) => dst,
  protocol: ({ protocol }) => protocol,
  sport: ({ sport }) => sport,
  dport: ({ dport }) => dport,
  tcpFlags: ({ tcpFlags }) => tcpFlags,
  icmp: ({ icmp }) => icmp,
};
const LOOK_UP_FIELDS: Readonly<Record<LookUpField, (header: HeaderFields) => string | number | undefined>> = {
  mark: ({ mark }) => mark,
  in: (header) => header.in,
  out: ({ out }) => out,
  state: ({ state }) => state,
};

interface Made {
  readonly dimension: Dimension;
  /** How many rules have a condition on it. */
  readonly rules: number;
}

function intervals(count: number, field: IntervalField, all: readonly RuleConditions[]): readonly Made[] {
  const conditions = new Map<number, IntervalSet>();
  all.forEach(({ intervals: own }, rule) => {
    const set = own.get(field);
    if (set) conditions.set(rule, set);
  });
  return made(conditions, () => intervalDimension(count, conditions, INTERVAL_FIELDS[field]));
}

function lookUps(count: number, field: LookUpField, all: readonly RuleConditions[]): readonly Made[] {
  const conditions = new Map<number, Test>();
  all.forEach(({ tests }, rule) => {
    const test = tests.get(field);
    if (test) conditions.set(rule, test);
  });
  return made(conditions, () => lookUpDimension(count, conditions, LOOK_UP_FIELDS[field]));
}

function made(conditions: ReadonlyMap<number, unknown>, make: () => Dimension): readonly Made[] {
  return conditions.size === 0 ? [] : [{ dimension: make(), rules: conditions.size }];
}

function keysOf<Key extends string>(record: Readonly<Record<Key, unknown>>): readonly Key[] {
  return Object.keys(record) as Key[];
}
