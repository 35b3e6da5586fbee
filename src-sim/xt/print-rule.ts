/** A rule as iptables-save prints it, without its chain and counters. */
import type { Family } from '../net/address';
import type { MatchUse, Rule, TargetUse } from '../netfilter/ruleset';
import { printOptions } from './define';
import { BUILTIN, findMatch, findTarget } from './registry';

/** Words of extensions without a declaration are not printed: a rule does not carry them. */
export function printRule(rule: Rule, family: Family): string {
  const words = [...rule.matches.flatMap((use) => matchWords(use, family)), ...targetWords(rule.target, family)];
  return words.join(' ');
}

function matchWords({ name, options }: MatchUse, family: Family): readonly string[] {
  if (name === BUILTIN.name) return printOptions(BUILTIN, options, family);
  const match = findMatch(name);
  return match === undefined ? ['-m', name] : ['-m', match.name, ...printOptions(match, options, family)];
}

function targetWords(target: TargetUse, family: Family): readonly string[] {
  switch (target.kind) {
    case 'none':
      return [];
    case 'jump':
      return ['-j', target.chain];
    case 'goto':
      return ['-g', target.chain];
    case 'target': {
      const known = findTarget(target.name);
      return ['-j', target.name, ...(known === undefined ? [] : printOptions(known, target.options, family))];
    }
  }
}
