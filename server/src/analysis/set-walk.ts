/**
 * Walks sets of packets through chains as the kernel walks one packet: jump, goto, return, policy. A group that met a
 * rule which takes it perhaps is no longer certain, whatever becomes of it.
 */

import { intervalSet, sameSet } from '../../../src-sim/net/interval-set';
import { type Hook, hookEntries, type TableName } from '../../../src-sim/netfilter/hook';
import type { Chain, Rule, Table } from '../../../src-sim/netfilter/ruleset';
import type { TargetEffect } from '../../../src-sim/xt/region';
import { type Box, dimensionOf } from './packet-set';
import { type Space, statesOf } from './packet-space';
import { effectOf, isDisjoint, type RuleRef, splitByRule, type Walker } from './rule-packets';

/** Why a base chain let packets go as it did: the jumps that led there and the rule itself, or the policy. */
export interface Decision {
  readonly hook: Hook;
  readonly table: TableName;
  readonly verdict: 'accept' | 'drop' | 'reject' | 'unknown';
  /** The last one decided; empty for the policy. */
  readonly path: readonly RuleRef[];
}

/** Packets that went the same way so far. */
export interface PacketGroup {
  readonly box: Box;
  /** False: perhaps only some of them, perhaps none, came this far. */
  readonly certain: boolean;
  /** The rule, behind its jumps, that took them out of conntrack. */
  readonly untrackedBy?: readonly RuleRef[];
  readonly decisions: readonly Decision[];
}

/** Nothing in the kernel nests deeper: a table's jump stack is sized by its chains, and loops are refused. */
const DEEPEST_JUMP = 64;

export interface Way {
  readonly hooks: readonly Hook[];
  /** How conntrack sees the packets that raw left to it; neighbour discovery is UNTRACKED by itself. */
  readonly tracked: readonly ('NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED')[];
  /** Asks what would happen if no rule took packets out of conntrack. */
  readonly ignoreUntrack?: boolean;
  /** Of the packets that come out of raw, those that matter. */
  readonly only?: 'untracked' | 'tracked';
}

/**
 * Follows groups along their hooks, through every table but nat (whose chains an untracked packet never meets, and
 * whose rewriting is for the simulator to judge). Each group comes back where it ended.
 */
export function followHooks(walker: Walker, groups: readonly PacketGroup[], way: Way): readonly PacketGroup[] {
  const ended: PacketGroup[] = [];
  let travelling: readonly PacketGroup[] = groups.map((group) => ({
    ...group,
    box: { ...group.box, state: statesOf('INVALID') },
  }));
  for (const hook of way.hooks) {
    for (const { run } of hookEntries(hook)) {
      if (run.kind === 'conntrack') travelling = selected(travelling, way).map((group) => track(group, way));
      if (run.kind !== 'table') continue;
      const done = walkBaseChain(
        walker,
        { table: run.table, hook, ignoreUntrack: way.ignoreUntrack ?? false },
        travelling,
      );
      travelling = done.filter((group) => verdictOf(group) === 'accept');
      ended.push(...done.filter((group) => verdictOf(group) !== 'accept'));
    }
  }
  return [...ended, ...travelling];
}

/** The last decision's verdict; a group that met no chain is accepted. */
export function verdictOf(group: PacketGroup): Decision['verdict'] {
  return group.decisions.at(-1)?.verdict ?? 'accept';
}

export function decisionIn(group: PacketGroup, table: TableName, hook: Hook): Decision | undefined {
  return group.decisions.find((decision) => decision.table === table && decision.hook === hook);
}

function selected(groups: readonly PacketGroup[], { only }: Way): readonly PacketGroup[] {
  if (only === undefined) return groups;
  return groups.filter((group) => (group.untrackedBy !== undefined) === (only === 'untracked'));
}

/** What conntrack does between raw and mangle: packets without a template or NOTRACK are tracked. */
function track(group: PacketGroup, way: Way): PacketGroup {
  const state = group.box.state ?? [];
  const isUntracked = sameSet(state, statesOf('UNTRACKED'));
  return isUntracked ? group : { ...group, box: { ...group.box, state: statesOf(...way.tracked) } };
}

interface BaseChain {
  readonly table: TableName;
  readonly hook: Hook;
  readonly ignoreUntrack: boolean;
}

interface Walk extends BaseChain {
  readonly walker: Walker;
  readonly chains: ReadonlyMap<string, Chain>;
  readonly done: PacketGroup[];
}

function walkBaseChain(walker: Walker, base: BaseChain, groups: readonly PacketGroup[]): readonly PacketGroup[] {
  const table = walker.ruleset.tables.find(({ name }) => name === base.table);
  const chain = table?.chains.find(({ name }) => name === base.hook);
  if (table === undefined || chain === undefined || groups.length === 0) return groups;
  const walk: Walk = { ...base, walker, chains: chainsOf(table), done: [] };
  const left = walkRules(walk, chain, groups, []);
  const verdict = chain.policy === 'DROP' ? 'drop' : 'accept';
  for (const group of left) decide(walk, group, verdict, []);
  return walk.done;
}

/** Leads groups through a chain's rules; gives back those that come out at its end, or by a return. */
function walkRules(
  walk: Walk,
  chain: Chain,
  groups: readonly PacketGroup[],
  path: readonly RuleRef[],
): readonly PacketGroup[] {
  const returned: PacketGroup[] = [];
  let here = groups;
  for (const [index, rule] of chain.rules.entries()) {
    if (here.length === 0) break;
    // A walk that gave up knows nothing: its groups vanish, and whoever asked looks at the budget.
    if (walk.walker.budget < 0) return [];
    if (passesAll(walk.walker, here, rule)) continue;
    const ref: RuleRef = { table: walk.table, chain: chain.name, number: index + 1, rule };
    const after = applyRule(walk, ref, here, path);
    for (const group of after.returned) returned.push(group);
    here = after.continuing;
  }
  return [...returned, ...here];
}

/** Most rules concern nobody: nothing is made for them. */
function passesAll(walker: Walker, groups: readonly PacketGroup[], rule: Rule): boolean {
  for (const { box } of groups) if (!isDisjoint(walker, box, rule)) return false;
  walker.budget -= groups.length;
  return true;
}

interface After {
  readonly continuing: readonly PacketGroup[];
  readonly returned: readonly PacketGroup[];
}

function applyRule(walk: Walk, ref: RuleRef, groups: readonly PacketGroup[], path: readonly RuleRef[]): After {
  const { target } = ref.rule;
  const effect = effectOf(target);
  // Nothing changes for anybody: the boxes stay whole.
  if (target.kind === 'none' || effect?.kind === 'continue') return { continuing: groups, returned: [] };
  const { affected, untouched } = partition(walk, effect, groups);
  const split = splitGroups(walk.walker, affected, ref.rule);
  const matched = split.matched;
  const unmatched = [...untouched, ...split.unmatched];
  if (matched.length === 0) return { continuing: unmatched, returned: [] };
  const here = [...path, ref];
  if (target.kind !== 'target') {
    const out = enterChain(walk, target.chain, matched, here);
    return target.kind === 'jump'
      ? { continuing: [...unmatched, ...out], returned: [] }
      : { continuing: unmatched, returned: out };
  }
  const after = applyEffect(walk, effect, matched, here);
  return { continuing: [...unmatched, ...after.continuing], returned: after.returned };
}

function enterChain(
  walk: Walk,
  name: string,
  groups: readonly PacketGroup[],
  path: readonly RuleRef[],
): readonly PacketGroup[] {
  const chain = walk.chains.get(name);
  if (chain !== undefined && path.length <= DEEPEST_JUMP) return walkRules(walk, chain, groups, path);
  walk.walker.budget = -1;
  return groups.map(uncertain);
}

function applyEffect(
  walk: Walk,
  effect: TargetEffect | undefined,
  groups: readonly PacketGroup[],
  path: readonly RuleRef[],
): After {
  if (effect === undefined) {
    for (const group of groups) decide(walk, uncertain(group), 'unknown', path);
    return { continuing: groups.map(uncertain), returned: [] };
  }
  switch (effect.kind) {
    case 'accept':
    case 'drop':
    case 'reject':
      for (const group of groups) decide(walk, group, effect.kind, path);
      return { continuing: [], returned: [] };
    case 'return':
      return { continuing: [], returned: groups };
    case 'end':
      for (const group of groups) decide(walk, uncertain(group), 'unknown', path);
      return { continuing: [], returned: [] };
    default:
      return { continuing: groups.map((group) => changed(effect, group, path)), returned: [] };
  }
}

function changed(
  effect: Exclude<TargetEffect, { kind: 'accept' | 'drop' | 'reject' | 'return' | 'end' }>,
  group: PacketGroup,
  path: readonly RuleRef[],
): PacketGroup {
  switch (effect.kind) {
    case 'continue':
      return group;
    case 'untrack':
      return { ...group, box: { ...group.box, state: statesOf('UNTRACKED') }, untrackedBy: path };
    case 'template':
      return { ...group, box: { ...group.box, state: statesOf('NEW') } };
    case 'mark':
      return { ...group, box: remark(group.box, effect) };
    case 'mark-unknown':
      return { ...group, box: remark(group.box, undefined) };
  }
}

/** In raw, the first of CT and NOTRACK wins. @kernel net/netfilter/xt_CT.c:xt_ct_target (skb->_nfct != 0) */
function partition(
  walk: Walk,
  effect: TargetEffect | undefined,
  groups: readonly PacketGroup[],
): { readonly affected: readonly PacketGroup[]; readonly untouched: readonly PacketGroup[] } {
  if (effect?.kind !== 'untrack' && effect?.kind !== 'template') return { affected: groups, untouched: [] };
  if (effect.kind === 'untrack' && walk.ignoreUntrack) return { affected: [], untouched: groups };
  const isFree = ({ box }: PacketGroup) => sameSet(box.state ?? [], statesOf('INVALID'));
  return { affected: groups.filter(isFree), untouched: groups.filter((group) => !isFree(group)) };
}

function remark(box: Box, effect: { readonly value: number; readonly mask: number } | undefined): Box {
  const [only] = box.mark ?? [];
  const { mark: _, ...others } = box;
  if (effect === undefined || only === undefined || box.mark?.length !== 1) return others;
  if (Number(only.end) - Number(only.start) !== 1) return others;
  const mark = ((Number(only.start) & ~effect.mask) ^ effect.value) >>> 0;
  return { ...others, mark: intervalSet([{ start: mark, end: mark + 1 }]) };
}

function decide(walk: Walk, group: PacketGroup, verdict: Decision['verdict'], path: readonly RuleRef[]): void {
  const decision: Decision = { hook: walk.hook, table: walk.table, verdict, path };
  walk.done.push({ ...group, decisions: [...group.decisions, decision] });
}

function uncertain(group: PacketGroup): PacketGroup {
  return { ...group, certain: false };
}

function splitGroups(
  walker: Walker,
  groups: readonly PacketGroup[],
  rule: Rule,
): { readonly matched: readonly PacketGroup[]; readonly unmatched: readonly PacketGroup[] } {
  const matched: PacketGroup[] = [];
  const unmatched: PacketGroup[] = [];
  for (const group of groups) {
    const { taken, left } = splitByRule(walker, group.box, rule);
    unmatched.push(...left.map((box) => ({ ...group, box })));
    for (const { box, exact } of taken) {
      matched.push({ ...group, box, certain: group.certain && exact });
      if (!exact) unmatched.push({ ...group, box, certain: false });
    }
  }
  return { matched, unmatched };
}

function chainsOf(table: Table): ReadonlyMap<string, Chain> {
  return new Map(table.chains.map((chain) => [chain.name, chain]));
}

/** A group at the start of its way: unmarked, and nobody has judged it. */
export function freshGroup(space: Space, box: Box): PacketGroup {
  return {
    box: { mark: intervalSet([{ start: 0, end: 1 }]), ...box, state: dimensionOf(space, box, 'state') },
    certain: true,
    decisions: [],
  };
}
