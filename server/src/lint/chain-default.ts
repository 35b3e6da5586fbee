/** What becomes of packets in a base chain that no rule names: the verdict of its last word. */

import type { Hook, TableName } from '../../../src-sim/netfilter/hook';
import type { Ruleset } from '../../../src-sim/netfilter/ruleset';
import { findChain } from '../analysis/find-chain';
import { effectOf, type RuleRef } from '../analysis/rule-packets';
import { rulesOf, takesAll } from './dead-rules';

export interface ChainDefault {
  readonly verdict: 'accept' | 'deny';
  /** The rule without conditions that says so; undefined: the policy. */
  readonly by: RuleRef | undefined;
}

const DEEPEST = 10;

/** Undefined where the ruleset does not name the chain, or where it cannot be said. */
export function defaultOf(ruleset: Ruleset, table: TableName, hook: Hook): ChainDefault | undefined {
  const chain = findChain(ruleset, table, hook);
  if (chain?.policy === undefined) return undefined;
  const policy: ChainDefault = { verdict: chain.policy === 'DROP' ? 'deny' : 'accept', by: undefined };
  return lastWord(ruleset, table, hook, 0) ?? policy;
}

function lastWord(ruleset: Ruleset, table: TableName, chain: string, depth: number): ChainDefault | undefined {
  for (const [index, rule] of rulesOf(ruleset, { table, chain }).entries()) {
    const by: RuleRef = { table, chain, number: index + 1, rule };
    const isCall = rule.target.kind === 'jump' || rule.target.kind === 'goto';
    if (isCall && isForAll(rule) && depth < DEEPEST) {
      const inside = lastWord(ruleset, table, rule.target.chain, depth + 1);
      if (inside || rule.target.kind === 'goto') return inside;
    }
    if (!takesAll(rule)) continue;
    const kind = effectOf(rule.target)?.kind;
    if (kind === 'accept') return { verdict: 'accept', by };
    return kind === 'drop' || kind === 'reject' ? { verdict: 'deny', by } : undefined;
  }
  return undefined;
}

function isForAll(rule: RuleRef['rule']): boolean {
  return takesAll({ ...rule, target: { kind: 'goto', chain: '' } });
}
