/** Rules that say the same as an earlier one of their chain: compared as iptables-save would print them. */

import type { Chain, Rule, Ruleset } from '../../../src-sim/netfilter/ruleset';
import { comment } from '../../../src-sim/xt/comment';
import { printRule } from '../../../src-sim/xt/print-rule';
import { findChain } from '../analysis/find-chain';
import { effectOf, type RuleRef, regionsOf } from '../analysis/rule-packets';

const firstsIn = new WeakMap<Chain, ReadonlyMap<Rule, number>>();

/** The first rule of the chain with the same conditions and target; undefined where this is it. */
export function duplicateOf(ruleset: Ruleset, { table, chain: name, rule }: RuleRef): RuleRef | undefined {
  if (!isComparable(rule)) return undefined;
  const chain = findChain(ruleset, table, name);
  const index = chain && firstsOf(chain, ruleset).get(rule);
  const first = index === undefined ? undefined : chain?.rules[index];
  return first && index !== undefined ? { table, chain: name, number: index + 1, rule: first } : undefined;
}

/** By rule, the index of the first that is the same; only those that are not the first themselves. */
function firstsOf(chain: Chain, { family }: Ruleset): ReadonlyMap<Rule, number> {
  const known = firstsIn.get(chain);
  if (known) return known;
  const seen = new Map<string, number>();
  const firsts = new Map<Rule, number>();
  for (const [index, rule] of chain.rules.entries()) {
    if (!isComparable(rule)) continue;
    const text = printRule({ ...rule, matches: rule.matches.filter(({ name }) => name !== comment.name) }, family);
    const first = seen.get(text);
    if (first === undefined) seen.set(text, index);
    else firsts.set(rule, first);
  }
  firstsIn.set(chain, firsts);
  return firsts;
}

/** What counts, meters or throws dice may well stand twice: only what answers the same each time is compared. */
function isComparable({ matches, target }: Rule): boolean {
  const isKnown = target.kind === 'jump' || target.kind === 'goto' || VERDICTS.has(effectOf(target)?.kind ?? '');
  return isKnown && matches.every((match) => regionsOf(match)?.every(({ exact }) => exact) ?? false);
}

const VERDICTS: ReadonlySet<string> = new Set(['accept', 'drop', 'reject', 'return', 'end']);
