/**
 * What a rule takes of a set of packets, known three ways (Diekmann et al., "Semantics-Preserving Simplification of
 * Real-World Firewall Rule Sets", FM 2015): surely, surely not, or perhaps. Read from the declarations in src-sim/xt.
 */
import type { TableName } from '../../../src-sim/netfilter/hook';
import type { MatchUse, Rule, Ruleset, TargetUse } from '../../../src-sim/netfilter/ruleset';
import type { Region, TargetEffect } from '../../../src-sim/xt/region';
import { findMatch, findTarget } from '../../../src-sim/xt/registry';
import { type Box, splitByCondition } from './packet-set';
import { createSpace, type Space } from './packet-space';

/** A rule and where it stands. */
export interface RuleRef {
  readonly table: TableName;
  readonly chain: string;
  /** From 1. */
  readonly number: number;
  readonly rule: Rule;
}

export interface Walker {
  readonly ruleset: Ruleset;
  readonly space: Space;
  /** How much work may still be done; below zero walks give up, and what they say means nothing. */
  budget: number;
}

const BUDGET = 500_000;
/** What making a box costs, against finding that a rule does not touch one. */
const BOX_COST = 10;

const regionCache = new WeakMap<MatchUse, readonly Region[] | undefined>();

export function createWalker(ruleset: Ruleset, extraInterfaces: readonly string[] = []): Walker {
  const patterns = new Set(extraInterfaces);
  for (const rule of rulesOf(ruleset)) {
    for (const condition of rule.matches.flatMap((match) => regionsOf(match) ?? []).flatMap((r) => r.conditions)) {
      if (condition.kind === 'interface') patterns.add(condition.pattern);
    }
  }
  return { ruleset, space: createSpace(ruleset.family, patterns), budget: BUDGET };
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
  let pieces: readonly Piece[] = [{ box, exact: true }];
  const left: Box[] = [];
  for (const match of rule.matches) {
    const parts = pieces.map((piece) => ({ piece, part: splitByMatch(walker, piece.box, regionsOf(match)) }));
    for (const { part } of parts) for (const rest of part.left) left.push(rest);
    pieces = parts.flatMap(({ piece, part }) =>
      part.taken.map((taken) => ({ ...taken, exact: taken.exact && piece.exact })),
    );
  }
  walker.budget -= pieces.length === 0 ? 1 : BOX_COST * (pieces.length + left.length);
  return { taken: pieces, left };
}

function splitByMatch(walker: Walker, box: Box, regions: readonly Region[] | undefined): Parted {
  if (regions === undefined) return { taken: [{ box, exact: false }], left: [] };
  const taken: Piece[] = [];
  let left: readonly Box[] = [box];
  for (const region of regions) {
    const parts = left.map((rest) => splitByRegion(walker.space, rest, region));
    taken.push(...parts.flatMap((part) => part.taken));
    left = parts.flatMap((part) => part.left);
  }
  return { taken, left };
}

function splitByRegion(space: Space, box: Box, region: Region): Parted {
  const left: Box[] = [];
  let core = box;
  let exact = region.exact;
  for (const condition of region.conditions) {
    const split = splitByCondition(space, core, condition);
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

export function regionsOf(match: MatchUse): readonly Region[] | undefined {
  if (match.unknown !== undefined) return undefined;
  if (!regionCache.has(match)) regionCache.set(match, findMatch(match.name)?.region?.(match.options));
  return regionCache.get(match);
}

/** Undefined where nobody can say, and where the rule only jumps or counts. */
export function effectOf(target: TargetUse): TargetEffect | undefined {
  if (target.kind !== 'target' || target.unknown !== undefined) return undefined;
  return findTarget(target.name)?.effect?.(target.options);
}

function rulesOf(ruleset: Ruleset): readonly Rule[] {
  return ruleset.tables.flatMap((table) => table.chains).flatMap((chain) => chain.rules);
}
