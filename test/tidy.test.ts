/** Order in the house: sizes of files and lines, names, words that do not belong here, files that nobody uses. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importsOf, sourceFiles } from './support/source-files';

const MOST_LINES = 400;
const LONGEST_LINE = 120;

/** What cannot be broken: text in quotes, patterns, examples in comments, marks below a line of a ruleset. */
const MAY_BE_LONG = /['"`/]|^ *\* {4}|^#/;

/** Files that may be longer, and why. */
const LONG_FILES: ReadonlyMap<string, string> = new Map([]);

const typescript = sourceFiles(['src-sim', 'server', 'client', 'test'], ['.ts']);
const scripts = sourceFiles(['scripts'], ['.mjs']);
const texts = sourceFiles(
  ['src-sim', 'server', 'client', 'test', 'scripts', 'docs', 'examples', 'syntaxes'],
  ['.ts', '.mjs', '.json', '.md', '.css', '.rules', '.yaml', '.jsonl'],
);

describe('files', () => {
  test(`have at most ${MOST_LINES} lines`, () => {
    const long = [...typescript, ...scripts].filter(
      ({ path, text }) => text.split('\n').length > MOST_LINES + 1 && !LONG_FILES.has(path),
    );
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  test(`have lines of at most ${LONGEST_LINE} characters, strings and tables apart`, () => {
    const wide = [...typescript, ...scripts].flatMap(({ path, text }) =>
      codeLines(text)
        .filter(({ line }) => line.length > LONGEST_LINE && !MAY_BE_LONG.test(line))
        .map(({ number }) => `${path}:${number}`),
    );
    expect(wide).toEqual([]);
  });

  test('say in their name what they are', () => {
    const vague = /^(?:utils?|helpers|common|index|misc|shared|stuff)$|-(?:utils?|helpers|common)$/;
    const bad = [...typescript, ...scripts].filter(({ path }) => {
      const name = basename(path).replace(/\.(?:test\.)?(?:ts|mjs)$/, '');
      return vague.test(name) || name !== name.toLowerCase();
    });
    expect(bad.map(({ path }) => path)).toEqual([]);
  });

  test('are all used', () => {
    const entries =
      /\.test\.ts$|\.config\.ts$|^server\/src\/(?:lsp|cli)\/main\.ts$|^client\/src\/(?:extension|webview\/main)\.ts$|^test\/e2e\//;
    const used = new Set(typescript.flatMap((file) => importsOf(file).map(({ to }) => `${to}.ts`)));
    const dead = typescript.filter(({ path }) => !entries.test(path) && !used.has(path));
    expect(dead.map(({ path }) => path)).toEqual([]);
  });

  function codeLines(text: string): readonly { readonly line: string; readonly number: number }[] {
    return text.split('\n').map((line, index) => ({ line, number: index + 1 }));
  }
});

describe('words', () => {
  // Written apart, so that this file does not hold them.
  const banned = [
    '/wo' + 'rk/',
    'regis' + 'try.npmjs',
    'artifac' + 'tory',
    'ora' + 'cle',
    'sess' + 'ion of',
    'Cla' + 'ude',
    'Anthro' + 'pic',
  ];

  test.each(banned)('nowhere "%s"', (word) => {
    const holding = texts.filter(({ text }) => text.toLowerCase().includes(word.toLowerCase()));
    expect(holding.map(({ path }) => path)).toEqual([]);
  });

  test('no any, no default exports, no non-null assertions: biome holds to it', () => {
    const config = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'biome.json'), 'utf8'));
    expect(config.linter.rules).toMatchObject({
      suspicious: { noExplicitAny: 'error' },
      style: { noDefaultExport: 'error', noNonNullAssertion: 'error' },
    });
  });
});
