/** Rules to begin from: the examples of the declarations, and where reference data are there, real rulesets' own. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isTableName, TABLE_HOOKS, TABLES, type TableName } from '../../src-sim/netfilter/hook';
import type { Extension } from '../../src-sim/xt/define';
import { EXTENSIONS } from '../../src-sim/xt/registry';
import { askRestore } from './ask-restore';
import { type PlacedRule, restoreFile } from './rule-mutations';
import { sharedData } from './shared-data';

/** Those that both variants on this machine accept, at most so many, taken evenly from all there are. */
export function acceptedRules(most: number): readonly PlacedRule[] {
  const all = [...EXTENSIONS.flatMap(exampleRules), ...realRules()];
  const step = Math.max(1, all.length / most);
  const rules = all.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
  const questions = rules.map((rule) => ({ text: restoreFile(rule), family: rule.family }));
  const answers = [askRestore(questions, 'legacy'), askRestore(questions, 'nft')];
  return rules.filter((_, index) => answers.every((said) => said[index]?.accepted));
}

function exampleRules(extension: Extension): readonly PlacedRule[] {
  const tables: readonly TableName[] = extension.tables ?? ['filter', ...TABLES];
  const table = tables[0] ?? 'filter';
  const [chain = 'own'] = (extension.hooks ?? TABLE_HOOKS[table]).filter((hook) => TABLE_HOOKS[table].includes(hook));
  return extension.examples.flatMap((example) =>
    example.kind === 'accepted'
      ? extension.families.map((family) => ({ family, table, chain, words: wordsOf(example.rule) }))
      : [],
  );
}

/** One of each shape: the same options in the same order. */
function realRules(): readonly PlacedRule[] {
  if (sharedData === undefined) return [];
  const folder = join(sharedData, 'corpus', 'saved');
  const shapes = new Map<string, PlacedRule>();
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.nft-save'))) {
    const text = readFileSync(join(folder, name), 'utf8');
    const family = /icmp6|::/.test(text) ? 'ipv6' : 'ipv4';
    let table = '';
    for (const line of text.split('\n')) {
      if (line.startsWith('*')) table = line.slice(1);
      const rule = /^-A (\S+) (.*)$/.exec(line);
      if (rule === null || !isTableName(table)) continue;
      const [, chain = '', rest = ''] = rule;
      const hooks: readonly string[] = TABLE_HOOKS[table];
      const placed = { family, table, chain: hooks.includes(chain) ? chain : 'own', words: wordsOf(rest) } as const;
      const shape = placed.words.filter((word, at) => /^-/.test(word) || /^-[mjg]$/.test(placed.words[at - 1] ?? ''));
      shapes.set(`${family} ${shape.join(' ')}`, placed);
    }
  }
  return [...shapes.values()];
}

/** Words as they are written, with their quotes. */
function wordsOf(rule: string): readonly string[] {
  return rule.match(/(?:"(?:[^"\\]|\\.)*"|\S)+/g) ?? [];
}
