/**
 * What a rule takes of a set of packets, known three ways (Diekmann et al., "Semantics-Preserving Simplification of
 * Real-World Firewall Rule Sets", FM 2015): surely, surely not, or perhaps. Read from the declarations in src-sim/xt.
 */

import { overlaps } from '../../../src-sim/net/interval-set';
import type { TableName } from '../../../src-sim/netfilter/hook';
import type { MatchUse, Rule, Ruleset, TargetUse } from '../../../src-sim/netfilter/ruleset';
import type { Region, TargetEffect } from '../../../src-sim/xt/region';
import { BUILTIN, findMatch, findTarget } from '../../../src-sim/xt/registry';
import { type ConditionSet, conditionSet } from './condition-set';
import { findChain } from './find-chain';
import { type Box, splitBox } from './packet-set';
import { createSpace, type Space } from './packet-space';

/** A rule and where it stands. */
export interface RuleRef {
  readonly table: TableName;
  readonly chain: string;
  /** From 1. */
  readonly number: number;
  readonly rule: Rule;
}

/** The rule at a place of a trace. */
export function findRule(ruleset: Ruleset, at: Omit<RuleRef, 'rule'>): RuleRef | undefined {
  const rule = findChain(ruleset, at.table, at.chain)?.rules[at.number - 1];
  return rule && { table: at.table, chain: at.chain, number: at.number, rule };
}

export interface Walker {
  readonly ruleset: Ruleset;
  readonly space: Space;
  /** What each match takes, as far as it has been asked. Not weak: the ruleset is held, and weak keys are slow. */
  readonly regions: Map<MatchUse, readonly RegionSet[] | 'unknown'>;
  /** How much work may still be done; below zero walks give up, and what they say means nothing. */
  budget: number;
}

/** A region with its conditions as sets. */
interface RegionSet {
  readonly conditions: readonly ConditionSet[];
  readonly exact: boolean;
}

const BUDGET = 600_000;
/** What making a box costs, against finding that a rule does not touch one. */
const BOX_COST = 20;
/** So many intervals of a box cost as much as a step. */
const INTERVALS_PER_STEP = 64;

function costOf({ src, dst }: Box): number {
  return BOX_COST + ((src?.length ?? 0) + (dst?.length ?? 0)) / INTERVALS_PER_STEP;
}

export function createWalker(ruleset: Ruleset, extraInterfaces: readonly string[] = []): Walker {
  const patterns = new Set(extraInterfaces);
  for (const match of ruleset.tables.flatMap(({ chains }) => chains).flatMap(({ rules }) => rules.flatMap(builtins))) {
    for (const { conditions } of regionsOf(match) ?? []) {
      for (const condition of conditions) if (condition.kind === 'interface') patterns.add(condition.pattern);
    }
  }
  return { ruleset, space: createSpace(ruleset.family, patterns), regions: new Map(), budget: BUDGET };
}

function builtins({ matches }: Rule): readonly MatchUse[] {
  return matches.filter(({ name }) => name === BUILTIN.name);
}

/** The packets that meet all conditions of the rules, ignoring what stands before them. */
export function packetsOfPath(walker: Walker, path: readonly RuleRef[], start: Box): readonly Piece[] {
  return path.reduce<readonly Piece[]>(
    (pieces, { rule }) =>
      pieces.flatMap((piece) =>
        splitByRule(walker, piece.box, rule).taken.map((taken) => ({ ...taken, exact: taken.exact && piece.exact })),
      ),
    [{ box: start, exact: true }],
  );
}

/** Packets that something takes; where it is not exact, it takes only some of them. */
export interface Piece {
  readonly box: Box;
  readonly exact: boolean;
}

export interface Parted {
  readonly taken: readonly Piece[];
  /** Surely not taken. */
  readonly left: readonly Box[];
}

export function splitByRule(walker: Walker, box: Box, rule: Rule): Parted {
  if (isDisjoint(walker, box, rule)) {
    walker.budget -= 1;
    return { taken: [], left: [box] };
  }
  let pieces: readonly Piece[] = [{ box, exact: true }];
  const left: Box[] = [];
  for (const match of rule.matches) {
    const parts = pieces.map((piece) => ({ piece, part: splitByMatch(walker, piece.box, match) }));
    for (const { part } of parts) for (const rest of part.left) left.push(rest);
    pieces = parts.flatMap(({ piece, part }) =>
      part.taken.map((taken) => ({ ...taken, exact: taken.exact && piece.exact })),
    );
  }
  walker.budget -= pieces.reduce((sum, piece) => sum + costOf(piece.box), 0);
  walker.budget -= left.reduce((sum, rest) => sum + costOf(rest), 0);
  // Nothing is taken: the box stays whole, however many conditions it took to find out.
  return pieces.length === 0 ? { taken: [], left: [box] } : { taken: pieces, left };
}

/** Whether one condition alone keeps the box and the rule apart: most rules, and cheap to find. */
export function isDisjoint(walker: Walker, box: Box, { matches }: Rule): boolean {
  for (const match of matches) {
    const regions = regionSets(walker, match);
    const [only] = regions;
    if (regions === 'unknown' || regions.length !== 1 || typeof only !== 'object') continue;
    for (const condition of only.conditions) {
      const own = condition.kind === 'set' ? box[condition.dimension] : undefined;
      if (own !== undefined && condition.kind === 'set' && !overlaps(own, condition.set)) return true;
    }
  }
  return false;
}

function splitByMatch(walker: Walker, box: Box, match: MatchUse): Parted {
  const regions = regionSets(walker, match);
  if (regions === 'unknown') return { taken: [{ box, exact: false }], left: [] };
  const taken: Piece[] = [];
  let left: readonly Box[] = [box];
  for (const region of regions) {
    const parts = left.map((rest) => splitByRegion(walker.space, rest, region));
    taken.push(...parts.flatMap((part) => part.taken));
    left = parts.flatMap((part) => part.left);
  }
  return { taken, left };
}

function splitByRegion(space: Space, box: Box, region: RegionSet): Parted {
  const left: Box[] = [];
  let core = box;
  let { exact } = region;
  for (const condition of region.conditions) {
    const split = splitBox(space, core, condition);
    if (split === undefined) {
      exact = false;
      continue;
    }
    if (split.met === undefined) return { taken: [], left: [box] };
    if (split.unmet) left.push(split.unmet);
    core = split.met;
  }
  return { taken: [{ box: core, exact }], left };
}

function regionSets(walker: Walker, match: MatchUse): readonly RegionSet[] | 'unknown' {
  const known = walker.regions.get(match);
  if (known !== undefined) return known;
  const sets = regionsOf(match)?.map((region) => regionSet(walker.space, region)) ?? 'unknown';
  walker.regions.set(match, sets);
  return sets;
}

function regionSet(space: Space, { conditions, exact }: Region): RegionSet {
  const sets = conditions.flatMap((condition) => conditionSet(space, condition) ?? []);
  return { conditions: sets, exact: exact && sets.length === conditions.length };
}

/** The packets that a match takes, as its declaration says; undefined where it says nothing. */
export function regionsOf(match: MatchUse): readonly Region[] | undefined {
  return match.unknown === undefined ? findMatch(match.name)?.region?.(match.options) : undefined;
}

/** Undefined where nobody can say, and where the rule only jumps or counts. */
export function effectOf(target: TargetUse): TargetEffect | undefined {
  if (target.kind !== 'target' || target.unknown !== undefined) return undefined;
  return findTarget(target.name)?.effect?.(target.options);
}
