import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import oniguruma from 'vscode-oniguruma';
import textmate, { type IGrammar } from 'vscode-textmate';
import { testFile } from './support/expected-answer';
import { sharedData } from './support/shared-data';

const root = join(import.meta.dirname, '..');

const GRAMMAR_FILES: Readonly<Record<string, string>> = {
  'source.iptables': 'iptables.tmLanguage.json',
  'source.nf-conntrack': 'conntrack.tmLanguage.json',
};

interface Token {
  readonly text: string;
  readonly scope: string;
}

async function loadGrammar(scopeName: string): Promise<IGrammar> {
  const wasm = createRequire(import.meta.url).resolve('vscode-oniguruma/release/onig.wasm');
  await oniguruma.loadWASM(readFileSync(wasm));
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async (name) => {
      const file = GRAMMAR_FILES[name];
      if (file === undefined) return null;
      return textmate.parseRawGrammar(readFileSync(join(root, 'syntaxes', file), 'utf8'), file);
    },
  });
  const grammar = await registry.loadGrammar(scopeName);
  if (grammar === null) throw new Error(`no grammar ${scopeName}`);
  return grammar;
}

const grammars = {
  iptables: await loadGrammar('source.iptables'),
  'nf-conntrack': await loadGrammar('source.nf-conntrack'),
};

/** The words of a line, each with its innermost scope; every line begins in the grammar's first state. */
function tokens(grammar: IGrammar, line: string): readonly Token[] {
  return grammar.tokenizeLine(line, textmate.INITIAL).tokens.map(({ startIndex, endIndex, scopes }) => ({
    text: line.slice(startIndex, endIndex),
    scope: scopes.at(-1) ?? '',
  }));
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
