/** The rules of a table, each with its place: what cheap questions are asked of. */
import type { TableName } from '../../../src-sim/netfilter/hook';
import type { Ruleset, TargetUse } from '../../../src-sim/netfilter/ruleset';
import { findChain } from '../analysis/find-chain';
import type { RuleRef } from '../analysis/rule-packets';

export function rulesOf(ruleset: Ruleset, table: TableName, chain?: string): readonly RuleRef[] {
  const found = chain === undefined ? undefined : findChain(ruleset, table, chain);
  const all = chain === undefined ? (ruleset.tables.find(({ name }) => name === table)?.chains ?? []) : [];
  return (found ? [found] : all).flatMap(({ name, rules }) =>
    rules.map((rule, index) => ({ table, chain: name, number: index + 1, rule })),
  );
}

export function hasTarget({ rule: { target } }: RuleRef, ...names: readonly string[]): boolean {
  return isTarget(target, ...names);
}

export function isTarget(target: TargetUse, ...names: readonly string[]): boolean {
  return target.kind === 'target' && names.includes(target.name);
}
