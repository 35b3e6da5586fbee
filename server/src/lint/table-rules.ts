/** The rules of a table, each with its place: what cheap questions are asked of. */
import type { TableName } from '../../../src-sim/netfilter/hook';
import type { Chain, Ruleset, Table, TargetUse } from '../../../src-sim/netfilter/ruleset';
import { findChain } from '../analysis/find-chain';
import type { RuleRef } from '../analysis/rule-packets';

export function rulesOf(ruleset: Ruleset, table: TableName, chain?: string): readonly RuleRef[] {
  if (chain !== undefined) {
    const found = findChain(ruleset, table, chain);
    return found ? refsIn(table, found) : [];
  }
  const whole = ruleset.tables.find(({ name }) => name === table);
  if (whole === undefined) return [];
  const refs = known.get(whole) ?? whole.chains.flatMap((one) => refsIn(table, one));
  known.set(whole, refs);
  return refs;
}

const known = new WeakMap<Table, readonly RuleRef[]>();

function refsIn(table: TableName, { name: chain, rules }: Chain): readonly RuleRef[] {
  return rules.map((rule, index) => ({ table, chain, number: index + 1, rule }));
}

export function hasTarget({ rule: { target } }: RuleRef, ...names: readonly string[]): boolean {
  return isTarget(target, ...names);
}

export function isTarget(target: TargetUse, ...names: readonly string[]): boolean {
  return target.kind === 'target' && names.includes(target.name);
}
