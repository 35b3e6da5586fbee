/** Whatever a file holds: parsing and checking never throw, keep every byte, and do not take for ever. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allProblems } from '../server/src/analysis/check';
import { createDocument } from '../server/src/analysis/document';
import { lower } from '../server/src/analysis/lower';
import { parse, parseLine } from '../server/src/syntax/parse';
import type { Line, Span, Tree } from '../server/src/syntax/tree';
import { restoreText } from './support/random-rulesets';

const FAMILIES = ['ipv4', 'ipv6'] as const;

function everything(text: string): void {
  for (const family of FAMILIES) {
    const document = createDocument(text, { family });
    expect(bytesOf(document.tree)).toBe(text);
    for (const { span, line } of allProblems(document)) expectInside(span, document.tree.lines[line]);
    JSON.stringify(lower(document.tree));
  }
}

function bytesOf(tree: Tree): string {
  return tree.lines.map((line) => line.text).join('');
}

function expectInside({ start, end }: Span, line: Line | undefined): void {
  expect(start).toBeGreaterThanOrEqual(0);
  expect(end).toBeGreaterThanOrEqual(start);
  expect(end).toBeLessThanOrEqual(line?.text.length ?? -1);
}

describe('never an exception, every byte back, every span inside its line', () => {
  test('random text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), everything), { numRuns: 500 });
  });

  test('random bytes read as UTF-8', () => {
    const bytes = fc.uint8Array({ maxLength: 500 }).map((array) => Buffer.from(array).toString('utf8'));
    fc.assert(fc.property(bytes, everything), { numRuns: 500 });
  });

  test('rulesets, and rulesets with a piece cut out, doubled or replaced', () => {
    fc.assert(fc.property(restoreText, everything), { numRuns: 500 });
    const mutated = fc
      .tuple(restoreText, fc.nat(), fc.nat(20), fc.string({ unit: 'binary', maxLength: 5 }))
      .map(([text, at, length, piece]) => {
        const start = at % (text.length + 1);
        return text.slice(0, start) + piece + text.slice(start + length);
      });
    fc.assert(fc.property(mutated, everything), { numRuns: 600 });
  });

  test('a file cut anywhere', () => {
    fc.assert(
      fc.property(restoreText, fc.nat(), (text, at) => everything(text.slice(0, at % (text.length + 1)))),
      { numRuns: 300 },
    );
  });
});

describe('sizes', () => {
  test.each([
    ['letters', 'x'.repeat(20_000_000)],
    ['words', '-A INPUT '.repeat(2_200_000)],
    ['quotes', '"'.repeat(20_000_000)],
    ['bangs', '! '.repeat(10_000_000)],
    ['a comment', `#${' '.repeat(20_000_000)}`],
    ['counters', `[${'1'.repeat(20_000_000)}`],
    ['a chain', `:${' '.repeat(20_000_000)}x`],
  ])('a line of 20 MB: %s', (_, line) => {
    const start = performance.now();
    const document = createDocument(`*filter\n${line}\nCOMMIT\n`, { family: 'ipv4' });
    expect(allProblems(document).map(({ code }) => code)).toContain('line-too-long');
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  test('a table of 20,000 chains that lead to each other', () => {
    const chains = Array.from({ length: 20_000 }, (_, index) => `c${index}`);
    const jumps = chains.map((chain, index) => `-A ${chain} -j ${chains[index + 1] ?? 'ACCEPT'}`);
    const text = ['*filter', ...chains.map((chain) => `:${chain} - [0:0]`), '-A INPUT -j c0', ...jumps, 'COMMIT', ''];
    expect(allProblems(createDocument(text.join('\n')))).toEqual([]);
  });
});

test('a line is parsed alone: what stands around it does not matter', () => {
  fc.assert(
    fc.property(restoreText, (text) => {
      const tree = parse(text, 'ipv4');
      for (const line of tree.lines) expect(parseLine(line.text, 'ipv4')).toEqual(line);
    }),
    { numRuns: 200 },
  );
});
