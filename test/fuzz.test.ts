/**
 * Lines by chance, a great many of them: whatever stands in a ruleset, nothing throws and nothing hangs. The same seed
 * gives the same lines; CHAINWALK_FUZZED_LINES=1000000 is the full size.
 */
import { describe, expect, test } from 'vitest';
import { allProblems } from '../server/src/analysis/check';
import { checkLine } from '../server/src/analysis/check-line';
import { createDocument, type Document, editDocument } from '../server/src/analysis/document';
import { format } from '../server/src/analysis/format';
import { lower } from '../server/src/analysis/lower';
import { complete } from '../server/src/features/completion';
import { hover } from '../server/src/features/hover';
import { EXTENSIONS } from '../src-sim/xt/registry';
import { numbersBelow } from './support/numbers-below';

const LINES = Number(process.env.CHAINWALK_FUZZED_LINES ?? 6_000);
const LINES_OF_FILE = 2_000;
/** Places of each file where a cursor stands. */
const PLACES = 5;
/** A hundred times what one takes. */
const MOST_MS_A_LINE = 20;

type Below = (limit: number) => number;

const rules = EXTENSIONS.flatMap(({ examples }) => examples.map(({ rule }) => rule));
const vocabulary = [...new Set(rules.flatMap((rule) => rule.split(' ')))];

const ODD = [
  ...['', ' ', '\t', '"', '\\', '!', '--', '-', '-A', '-I', '-D', '-R', '-N', '-X', '-E', '-P', '-F', '-Z', '-j', '-g'],
  ...[
    '-m',
    '-c',
    '-4',
    '-6',
    '-h',
    '#',
    '*filter',
    '*nat',
    ':INPUT',
    'COMMIT',
    '[1:2]',
    '[',
    ']',
    '\0',
    '\r',
    '\uFEFF',
  ],
  ...[
    '0x',
    '99999999999999999999',
    '::',
    '255.255.255.256',
    '/33',
    '{{ x }}',
    '$LAN',
    '<%= x %>',
    '\u{1F525}',
    '\uD800',
  ],
];

const KINDS: readonly ((below: Below) => string)[] = [
  (below) => `-A ${chainName(below)} ${pick(rules, below)}`,
  (below) => `-A ${chainName(below)} ${pick(rules, below)} ${pick(rules, below)} -j ${chainName(below)}`,
  (below) => changed(`-A ${chainName(below)} ${pick(rules, below)} -j ${chainName(below)}`, below),
  (below) => changed(`:${chainName(below)} - [0:0]`, below),
  (below) => some(below, 12, () => pick(vocabulary, below)).join(' '),
  (below) => some(below, 12, () => pick(below(3) === 0 ? ODD : vocabulary, below)).join(' '),
  (below) => some(below, 40, () => String.fromCharCode(below(256))).join(''),
  (below) => some(below, 20, () => String.fromCodePoint(below(0x110000))).join(''),
  (below) =>
    pick(['*filter', '*nat', '*mangle', 'COMMIT', '', '# x', '-F', '-X', '-Z', '-P INPUT DROP', '-N own'], below),
];

function pick<T>(items: readonly T[], below: Below): T {
  const item = items[below(items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

function some<T>(below: Below, most: number, make: () => T): readonly T[] {
  return Array.from({ length: 1 + below(most) }, make);
}

function chainName(below: Below): string {
  return pick(['INPUT', 'OUTPUT', 'FORWARD', 'PREROUTING', 'own', 'other', 'LOG', `c${below(50)}`], below);
}

/** A piece cut out, put in or doubled. */
function changed(line: string, below: Below): string {
  const at = below(line.length);
  const rest = line.slice(at + below(3));
  return line.slice(0, at) + (below(2) === 0 ? pick(ODD, below) : line.slice(at, at + below(6))) + rest;
}

function look(document: Document, below: Below): void {
  const problems = allProblems(document);
  for (const { line, span } of problems) {
    const length = document.chunks.at(line)?.text.length ?? -1;
    if (span.start < 0 || span.end < span.start || span.end > length) throw new Error(`line ${line} has no such span`);
  }
  JSON.stringify(lower(document.tree));
  format(document);
  for (let time = 0; time < PLACES; time += 1) {
    const offset = below(document.chunks.length + 1);
    hover(document, offset);
    complete(document, offset);
    checkLine(document, document.chunks.lineAt(offset));
  }
}

test(`${LINES} lines: no exception, every byte kept, a few milliseconds each at the most`, { timeout: 0 }, () => {
  const below = numbersBelow(2026);
  for (let done = 0; done < LINES; done += LINES_OF_FILE) {
    const text = Array.from({ length: LINES_OF_FILE }, () => pick(KINDS, below)(below)).join('\n');
    const start = performance.now();
    let document = createDocument(text, { family: below(2) === 0 ? 'ipv4' : 'ipv6', dialect: 'restore' });
    if (document.text !== text) throw new Error(`the text is not kept: file of line ${done}`);
    look(document, below);
    const at = below(text.length);
    document = editDocument(document, {
      start: at,
      end: Math.min(text.length, at + below(200)),
      text: pick(ODD, below),
    });
    look(document, below);
    expect(performance.now() - start).toBeLessThan(LINES_OF_FILE * MOST_MS_A_LINE);
  }
});

/** Looks everywhere in the text where a cursor may stand, a few places of it. */
function lookThrough(text: string): Document {
  const document = createDocument(text, { family: 'ipv4', dialect: 'restore' });
  look(document, numbersBelow(text.length));
  return document;
}

describe('sizes', () => {
  test.each([
    ['letters', 'x'.repeat(1_000_000)],
    ['words', `-A INPUT ${'-m tcp '.repeat(140_000)}`],
    ['a quoted word', `-A INPUT -m comment --comment "${'a '.repeat(500_000)}"`],
    ['backslashes', `-A INPUT -m comment --comment "${'\\'.repeat(1_000_000)}`],
    ['a list', `-A INPUT -s ${'10.0.0.1,'.repeat(110_000)} -j DROP`],
    ['bangs', `-A INPUT ${'! '.repeat(500_000)}`],
    ['a comment', `# chainwalk: ${'vip=10.0.0.1 '.repeat(77_000)}`],
    ['a chain', `:${'x'.repeat(1_000_000)} - [0:0]`],
    ['a table', `*${'x'.repeat(1_000_000)}`],
    ['zero bytes', '\0'.repeat(1_000_000)],
  ])('a line of 1 MB: %s', { timeout: 60_000 }, (_, line) => {
    const start = performance.now();
    lookThrough(`*filter\n${line}\nCOMMIT\n`);
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  const names = (count: number) => Array.from({ length: count }, (_, at) => `chain-${at}`);
  const table = (chains: readonly string[], ruleLines: readonly string[]) =>
    ['*filter', ...chains.map((name) => `:${name} - [0:0]`), ...ruleLines, 'COMMIT', ''].join('\n');

  test('100,000 chains, none of which leads anywhere', { timeout: 120_000 }, () => {
    const start = performance.now();
    const chains = names(100_000);
    const ruleLines = chains.map((name) => `-A ${name} -j DROP`);
    expect(allProblems(lookThrough(table(chains, ruleLines)))).toEqual([]);
    expect(performance.now() - start).toBeLessThan(60_000);
  });

  test('100,000 jumps to chains that are not there', { timeout: 120_000 }, () => {
    const start = performance.now();
    const ruleLines = names(100_000).map((name) => `-A INPUT -j ${name}`);
    expect(allProblems(lookThrough(table(['chain-x'], ruleLines))).length).toBe(100_000);
    expect(performance.now() - start).toBeLessThan(60_000);
  });

  test('a chain of 10,000 jumps, and one that bites its tail', { timeout: 120_000 }, () => {
    const start = performance.now();
    const chains = names(10_000);
    const jumps = chains.map((name, at) => `-A ${name} -j ${chains[at + 1] ?? 'ACCEPT'}`);
    expect(allProblems(lookThrough(table(chains, ['-A INPUT -j chain-0', ...jumps])))).toEqual([]);
    const circle = [...jumps.slice(0, -1), '-A chain-9999 -j chain-0'];
    const found = allProblems(lookThrough(table(chains, ['-A INPUT -j chain-0', ...circle])));
    expect(found.map(({ code }) => code)).toEqual(['loop']);
    expect(performance.now() - start).toBeLessThan(60_000);
  });

  test('every chain of 300 jumps to every other behind it', { timeout: 60_000 }, () => {
    const chains = names(300);
    const jumps = chains.flatMap((from, at) => chains.slice(at + 1).map((to) => `-A ${from} -j ${to}`));
    expect(allProblems(lookThrough(table(chains, ['-A INPUT -j chain-0', ...jumps])))).toEqual([]);
  });
});
