/** A ruleset as iptables-save prints it, without counters and comments. */
import type { Ruleset } from '../../src-sim/netfilter/ruleset';
import { printRule } from '../../src-sim/xt/print-rule';

export function printRuleset({ family, tables }: Ruleset): string {
  return tables
    .flatMap(({ name, chains }) => [
      `*${name}`,
      ...chains.map((chain) => `:${chain.name} ${chain.policy ?? '-'}`),
      ...chains.flatMap((chain) => chain.rules.map((rule) => `-A ${chain.name} ${printRule(rule, family)}`.trimEnd())),
      'COMMIT',
      '',
    ])
    .join('\n');
}
