/** How packets get to a rule: the jumps that lead there from a built-in chain. */

import type { TableName } from '../../../src-sim/netfilter/hook';
import type { Ruleset, Table } from '../../../src-sim/netfilter/ruleset';
import { chainIn } from '../analysis/find-chain';
import type { RuleRef } from '../analysis/rule-packets';

type Callers = ReadonlyMap<string, readonly RuleRef[]>;

const callersOf = new WeakMap<Table, Callers>();

/** So many ways to one rule are looked at. */
const MOST_PATHS = 8;

/** Jumps from built-in chains to the rule, itself last: one list for each way. */
export function pathsTo(ruleset: Ruleset, ref: RuleRef): readonly (readonly RuleRef[])[] {
  const table = ruleset.tables.find(({ name }) => name === ref.table);
  return table === undefined ? [] : pathsIn(table, ref, []);
}

/** The built-in chain from which a path begins. */
export function hookOfPath(path: readonly RuleRef[]): string {
  return path[0]?.chain ?? '';
}

function pathsIn(table: Table, ref: RuleRef, seen: readonly string[]): readonly (readonly RuleRef[])[] {
  if (chainIn(table, ref.chain)?.policy !== undefined) return [[ref]];
  if (seen.includes(ref.chain)) return [];
  const callers = callersIn(table).get(ref.chain) ?? [];
  return callers
    .slice(0, MOST_PATHS)
    .flatMap((caller) => pathsIn(table, caller, [...seen, ref.chain]))
    .slice(0, MOST_PATHS)
    .map((path) => [...path, ref]);
}

/** By chain, the jumps and gotos that lead there, in their order. */
export function callersIn(table: Table): Callers {
  const known = callersOf.get(table) ?? gather(table);
  callersOf.set(table, known);
  return known;
}

function gather({ name, chains }: Table): Callers {
  const callers = new Map<string, RuleRef[]>();
  for (const { name: chain, rules } of chains) {
    for (const [index, rule] of rules.entries()) {
      if (rule.target.kind !== 'jump' && rule.target.kind !== 'goto') continue;
      const ref: RuleRef = { table: name as TableName, chain, number: index + 1, rule };
      const known = callers.get(rule.target.chain);
      if (known) known.push(ref);
      else callers.set(rule.target.chain, [ref]);
    }
  }
  return callers;
}
