/** The lines of a listing as `iptables -S` prints them. */
import { printRule } from '../../../src-sim/xt/print-rule';
import type { CommandLine, Tree } from '../syntax/tree';
import type { LineEdit } from './format-block';
import { lower } from './lower';

/** An edit for every command. What was listed has only policies, chains and rules, which stand for themselves. */
export function formatListing(tree: Tree): readonly LineEdit[] {
  const rules = rulesOfLine(tree);
  return tree.lines.flatMap((line, number) => {
    if (line.kind !== 'command') return [];
    const text = line.command === 'append' ? rules.get(number) : declaration(line);
    return text === undefined ? [] : [{ start: number, end: number + 1, text: `${text}\n` }];
  });
}

function rulesOfLine(tree: Tree): ReadonlyMap<number, string> {
  const { tables, family } = lower(tree);
  const texts = new Map<number, string[]>();
  for (const { chains } of tables) {
    for (const { name, rules } of chains) {
      for (const rule of rules) {
        const text = [`-A ${name}`, printRule(rule, family)].filter((part) => part !== '').join(' ');
        texts.set(rule.line, [...(texts.get(rule.line) ?? []), text]);
      }
    }
  }
  return new Map([...texts].map(([line, own]) => [line, own.join('\n')]));
}

function declaration({ command, chain, argument }: CommandLine): string | undefined {
  if (command === 'new-chain') return chain && `-N ${chain.value}`;
  return command === 'policy' && chain && argument ? `-P ${chain.value} ${argument.value}` : undefined;
}
