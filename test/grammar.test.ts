import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { IGrammar } from 'vscode-textmate';
import { testFile } from './support/expected-answer';
import { loadGrammar, type Token, tokensOfLines } from './support/load-grammar';
import { sharedData } from './support/shared-data';

const root = join(import.meta.dirname, '..');

const grammars = {
  iptables: await loadGrammar('source.iptables'),
  'nf-conntrack': await loadGrammar('source.nf-conntrack'),
};

/** The words of a line, which begins in the grammar's first state. */
function tokens(grammar: IGrammar, line: string): readonly Token[] {
  return tokensOfLines(grammar, [line]).flat();
}

const isColoured = ({ scope }: Token): boolean => !/^(?:source|meta)\./.test(scope);
const isBlank = ({ text }: Token): boolean => /^\s*$/.test(text);

function describeTokens(grammar: IGrammar, text: string): string {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines
    .map((line) => {
      const words = tokens(grammar, line).filter((token) => !isBlank(token));
      return [line, ...words.map(({ text, scope }) => `  ${text.trim()}  ${scope}`)].join('\n');
    })
    .join('\n');
}

describe.each(Object.entries(grammars))('%s', (name, grammar) => {
  testFile(join(root, 'test', 'data', 'grammar', `${name}.txt`), (input) => describeTokens(grammar, input));
});

/** Lines that iptables-restore could read; whatever else a file of the wild holds may stay plain. */
const RULE_LINE = /^\s*(?:\[\d+:\d+\]\s*)?-{1,2}[A-Za-z]|^:|^\*|^COMMIT\s*$|^#/;

function uncoloured(file: string): readonly string[] {
  return readFileSync(file, 'latin1')
    .split(/\r?\n/)
    .filter((line) => RULE_LINE.test(line))
    .flatMap((line) => {
      const plain = tokens(grammars.iptables, line).filter((token) => !isBlank(token) && !isColoured(token));
      return plain.length === 0 ? [] : [`${line}: ${plain.map(({ text }) => text).join(' ')}`];
    });
}

function filesIn(folder: string, extension: RegExp): readonly string[] {
  return readdirSync(folder)
    .filter((name) => extension.test(name))
    .map((name) => join(folder, name));
}

function corpusFiles(folder: string, extension: RegExp): readonly string[] {
  return sharedData === undefined ? [] : filesIn(join(sharedData, 'corpus', folder), extension);
}

test.each(filesIn(join(root, 'examples'), /\.rules$/))('every word of %s has a colour', (file) => {
  expect(uncoloured(file)).toEqual([]);
});

const real = corpusFiles('real', /\.rules$/);
test.skipIf(real.length === 0)('every word of the rules in the corpus has a colour', () => {
  expect(real.flatMap(uncoloured)).toEqual([]);
});

const dumps = corpusFiles('conntrack', /proc-net-nf_conntrack\.txt$/);
test.skipIf(dumps.length === 0)('every field of a conntrack dump has a colour', () => {
  const lines = dumps.flatMap((file) => readFileSync(file, 'utf8').split('\n'));
  const plain = lines.flatMap((line) => tokens(grammars['nf-conntrack'], line)).filter((token) => !isBlank(token));
  expect(plain.filter((token) => !isColoured(token))).toEqual([]);
});

describe('in other languages', () => {
  const described = (grammar: IGrammar, lines: readonly string[]) =>
    tokensOfLines(grammar, lines).map((line) =>
      line.filter((token) => !isBlank(token)).map(({ text, scope }) => `${text.trim()} ${scope.split('.').at(0)}`),
    );

  test('a command of a shell script, up to its end', async () => {
    const shell = await loadGrammar('source.iptables.shell');
    expect(
      described(shell, [
        'iptables -t nat -A PREROUTING -i "$WAN" \\',
        '  -p tcp --dport 22 -j DNAT --to-destination $HOST; echo done # iptables',
        '/sbin/ip6tables -P INPUT DROP && $IPT -N web || exit 1',
      ]),
    ).toEqual([
      [
        'iptables support',
        '-t keyword',
        'nat entity',
        '-A keyword',
        'PREROUTING entity',
        '-i entity',
        '" string',
        '$WAN variable',
        '" string',
        '\\ constant',
      ],
      [
        '-p entity',
        'tcp string',
        '--dport entity',
        '22 constant',
        '-j keyword',
        'DNAT support',
        '--to-destination entity',
        '$HOST variable',
        '; echo done # iptables source',
      ],
      [
        '/sbin/ip6tables support',
        '-P keyword',
        'INPUT entity',
        'DROP constant',
        '&& source',
        '$IPT variable',
        '-N keyword',
        'web entity',
        '|| exit 1 source',
      ],
    ]);
  });

  test('a fence of Markdown', async () => {
    const markdown = await loadGrammar('text.html.markdown.iptables');
    const lines = ['```iptables', '*filter', '-A INPUT -j ACCEPT', 'COMMIT', '```', '-A INPUT -j ACCEPT'];
    const scopes = tokensOfLines(markdown, lines).map((line) => line.map(({ scope }) => scope));
    expect(scopes[1]).toContain('entity.name.section.table.iptables');
    expect(scopes[2]).toContain('support.function.target.iptables');
    expect(scopes[5]).toEqual(['text.html.markdown.iptables']);
  });
});
