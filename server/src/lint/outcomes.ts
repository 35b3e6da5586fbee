/** What becomes of sets of packets on their way through the host: what most rules about packets ask first. */

import type { Hook, TableName } from '../../../src-sim/netfilter/hook';
import type { Policy, Rule } from '../../../src-sim/netfilter/ruleset';
import { findChain } from '../analysis/find-chain';
import { type Box, intersectBoxes } from '../analysis/packet-set';
import { effectOf, type RuleRef, regionsOf, type Walker } from '../analysis/rule-packets';
import { decisionIn, followHooks, freshGroup, type PacketGroup, type Way } from '../analysis/set-walk';
import type { LintContext } from './define';
import { startOf, WAY_HOOKS, type WayName } from './way';

export interface Outcome {
  readonly box: Box;
  /** False: perhaps only some of them, perhaps none, fare so. */
  readonly certain: boolean;
  readonly group: PacketGroup;
  /** By the base chain of the filter table that belongs to the way; `none` where there is none. */
  readonly verdict: 'accept' | 'drop' | 'reject' | 'unknown' | 'none';
  /** It was the policy that decided, no rule. */
  readonly byPolicy: boolean;
}

/**
 * Packets of a shape that go a way, as conntrack sees them, parted by what the filter table makes of them.
 *
 * @returns undefined where the walk gave up: then nothing can be said
 */
export function outcomesOf(
  context: LintContext,
  way: WayName,
  shape: Box,
  state: Way['tracked'][number],
  walker?: Walker,
): readonly Outcome[] | undefined {
  if (walker !== undefined) return walkOutcomes(context, way, shape, state, walker);
  const known = remembered(context, shape);
  const key = `${way} ${state}`;
  // Most questions are asked by several rules.
  if (!known.has(key)) known.set(key, walkOutcomes(context, way, shape, state, context.walker()));
  return known.get(key);
}

type Answers = Map<string, readonly Outcome[] | undefined>;

const answersFor = new WeakMap<LintContext, WeakMap<Box, Answers>>();

function remembered(context: LintContext, shape: Box): Answers {
  const shapes = answersFor.get(context) ?? new WeakMap<Box, Answers>();
  const answers = shapes.get(shape) ?? new Map();
  answersFor.set(context, shapes.set(shape, answers));
  return answers;
}

function walkOutcomes(
  context: LintContext,
  way: WayName,
  shape: Box,
  state: Way['tracked'][number],
  walker: Walker,
): readonly Outcome[] | undefined {
  const start = intersectBoxes(startOf(walker.space, way, context.hints), shape);
  return start === undefined ? [] : outcomesFrom(walker, way, start, state);
}

/** The same, of any packets: link-local and multicast addresses too. */
export function outcomesFrom(
  walker: Walker,
  way: WayName,
  start: Box,
  state: Way['tracked'][number],
): readonly Outcome[] | undefined {
  const groups = followHooks(walker, [freshGroup(walker.space, start)], { hooks: WAY_HOOKS[way], tracked: [state] });
  if (walker.budget < 0) return undefined;
  return groups.map((group) => outcomeOf(group, way));
}

function outcomeOf(group: PacketGroup, way: WayName): Outcome {
  const { box, certain } = group;
  const denied = group.decisions.find(({ verdict }) => verdict === 'drop' || verdict === 'reject');
  const decision = denied ?? decisionIn(group, 'filter', way);
  const verdict = decision?.verdict ?? 'none';
  return { box, certain, group, verdict, byPolicy: decision !== undefined && decision.path.length === 0 };
}

/** The policy of a base chain; undefined where the ruleset does not name its table. */
export function policyOf({ ruleset }: LintContext, table: TableName, hook: Hook): Policy | undefined {
  return findChain(ruleset, table, hook)?.policy;
}

export function isDenied({ verdict }: Outcome): boolean {
  return verdict === 'drop' || verdict === 'reject';
}

/**
 * Denied in the filter table's chain as whatever nobody names: by its policy, or by rules that ask for no more than an
 * interface, a protocol or a state. Who names addresses or ports means what it says.
 */
export function isDeniedByDefault(outcome: Outcome, way: WayName): boolean {
  const decision = decisionIn(outcome.group, 'filter', way);
  if (decision === undefined || !outcome.certain || !isDenied(outcome)) return false;
  return (
    (decision.verdict === 'drop' || decision.verdict === 'reject') && decision.path.every(({ rule }) => isBroad(rule))
  );
}

/** Cheap, and no for chains that let everything through: whether it may deny what nobody names. */
export function mayDenyByDefault({ ruleset }: LintContext, way: WayName): boolean {
  const chains = ruleset.tables.find(({ name }) => name === 'filter')?.chains ?? [];
  const base = chains.find(({ name }) => name === way);
  if (base === undefined || base.policy === 'DROP') return base !== undefined;
  const denies = ({ target }: Rule) => ['drop', 'reject'].includes(effectOf(target)?.kind ?? '');
  return base.rules.length > 0 && chains.some(({ rules }) => rules.some((rule) => denies(rule) && isBroad(rule)));
}

function isBroad({ matches }: Rule): boolean {
  const conditions = matches.flatMap((match) => regionsOf(match) ?? []).flatMap((region) => region.conditions);
  return conditions.every(
    ({ kind, ...condition }) =>
      kind === 'state' || kind === 'interface' || ('field' in condition && condition.field === 'protocol'),
  );
}

/** Accepted by a rule, as packets that conntrack follows. */
export function isAcceptedByRule({ verdict, byPolicy, group }: Outcome): boolean {
  return verdict === 'accept' && !byPolicy && group.untrackedBy === undefined;
}

/** The rule that decided in the filter table, behind the jumps that led there; empty for the policy. */
export function decidedBy({ group }: Outcome, way: WayName): readonly RuleRef[] {
  const denied = group.decisions.find(({ verdict }) => verdict === 'drop' || verdict === 'reject');
  return (denied ?? decisionIn(group, 'filter', way))?.path ?? [];
}
