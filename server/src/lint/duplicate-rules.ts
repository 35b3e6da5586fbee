/** Rules that say the same as an earlier one of their chain: compared as iptables-save would print them. */

import type { Chain, Rule, Ruleset } from '../../../src-sim/netfilter/ruleset';
import { comment } from '../../../src-sim/xt/comment';
import { printRule } from '../../../src-sim/xt/print-rule';
import { findChain } from '../analysis/find-chain';
import { effectOf, type RuleRef, regionsOf } from '../analysis/rule-packets';

const firstsIn = new WeakMap<Chain, ReadonlyMap<Rule, number>>();

/** The first rule of the chain with the same conditions and target; undefined where this is it. */
export function duplicateOf(ruleset: Ruleset, { table, chain: name, rule }: RuleRef): RuleRef | undefined {
  const chain = findChain(ruleset, table, name);
  if (chain === undefined || chain.rules.length < 2) return undefined;
  const index = firstsOf(chain, ruleset).get(rule);
  const first = index === undefined ? undefined : chain.rules[index];
  return first && index !== undefined ? { table, chain: name, number: index + 1, rule: first } : undefined;
}

/** By rule, the index of the first that is the same; only those that are not the first themselves. */
function firstsOf(chain: Chain, { family }: Ruleset): ReadonlyMap<Rule, number> {
  const known = firstsIn.get(chain);
  if (known) return known;
  const seen = new Map<string, number>();
  const firsts = new Map<Rule, number>();
  const alike = countBy(chain.rules.map(likenessOf));
  for (const [index, rule] of chain.rules.entries()) {
    if (alike.get(likenessOf(rule)) === 1 || !isComparable(rule)) continue;
    const text = printRule({ ...rule, matches: rule.matches.filter(({ name }) => name !== comment.name) }, family);
    const first = seen.get(text);
    if (first === undefined) seen.set(text, index);
    else firsts.set(rule, first);
  }
  firstsIn.set(chain, firsts);
  return firsts;
}

/** What equal rules have in common, and most others not: where they lead, and the port that they ask for. */
function likenessOf({ target, matches }: Rule): string {
  const leads = target.kind === 'jump' || target.kind === 'goto' ? target.chain : '';
  const ports = matches.map(({ options }) => options.dport?.value).find((value) => value !== undefined);
  const first = typeof ports === 'object' && ports !== null && 'min' in ports ? ports.min : undefined;
  return `${leads} ${typeof first === 'number' ? first : ''}`;
}

function countBy(keys: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** What counts, meters or throws dice may well stand twice: only what answers the same each time is compared. */
function isComparable({ matches, target }: Rule): boolean {
  const isKnown = target.kind === 'jump' || target.kind === 'goto' || VERDICTS.has(effectOf(target)?.kind ?? '');
  return isKnown && matches.every((match) => regionsOf(match)?.every(({ exact }) => exact) ?? false);
}

const VERDICTS: ReadonlySet<string> = new Set(['accept', 'drop', 'reject', 'return', 'end']);
