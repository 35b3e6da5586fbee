/** Documents: an edit gives what parsing anew would give, and touches no other line. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chainsMade, makesChain, tableNameAt } from '../server/src/analysis/block-names';
import { blockAt, blocksOf } from '../server/src/analysis/blocks';
import { allProblems, check } from '../server/src/analysis/check';
import { checkLine } from '../server/src/analysis/check-line';
import { changeBetween } from '../server/src/analysis/difference';
import { createDocument, type Document, editDocument, lineAt } from '../server/src/analysis/document';
import { NO_HINTS } from '../server/src/analysis/hints';
import { declaredChains, lower } from '../server/src/analysis/lower';
import { type Diagnostic, diagnosticSlices, problemSlices } from '../server/src/features/diagnostics';
import { type Edited, editedDiagnostics } from '../server/src/features/edited-diagnostics';
import { guessFamily } from '../server/src/syntax/family';
import type { Line } from '../server/src/syntax/tree';
import { TABLES } from '../src-sim/netfilter/hook';
import { plainTree } from './support/plain-line';
import { restoreText } from './support/random-rulesets';

const piece = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constantFrom('\n', '\r\n', '-A INPUT -j DROP\n', '"', '2001:db8::1'),
);

const edits = fc.array(fc.tuple(fc.nat(), fc.nat(40), piece), { minLength: 1, maxLength: 5 });

/** All that is asked of a document, however its lines are kept. */
function contents({ text, tree, lineStarts, options }: Document) {
  return { text, tree: plainTree(tree), lineStarts: [...lineStarts], options };
}

/** Each edit from the text before it; `visit` sees what comes of it. */
function edited(text: string, changes: readonly (readonly [number, number, string])[], visit: (edit: Edited) => void) {
  let before: Document = createDocument(text, { family: 'ipv4', dialect: 'restore' });
  for (const [at, length, inserted] of changes) {
    const start = at % (before.text.length + 1);
    const change = { start, end: Math.min(before.text.length, start + length), text: inserted };
    const after = editDocument(before, change);
    visit({ before, after, change });
    before = after;
  }
  return before;
}

test('edited or parsed anew: the same', () => {
  fc.assert(
    fc.property(restoreText, edits, (text, changes) => {
      const document = edited(text, changes, ({ after }) => check(after));
      const anew = createDocument(document.text, { family: 'ipv4', dialect: 'restore' });
      expect(contents(document)).toEqual(contents(anew));
      expect(check(document)).toEqual(check(anew));
      expect(lower(document.tree)).toEqual(lower(anew.tree));
    }),
    { numRuns: 300 },
  );
});

test('edited among a thousand lines: the same', () => {
  const lines = Array.from({ length: 1_000 }, (_, at) =>
    at % 9 === 0 ? `:own-${at} - [0:0]` : `-A own -s 10.0.${at % 7}.1`,
  );
  const text = `*filter\n:own - [0:0]\n${lines.join('\n')}\nCOMMIT\n`;
  const far = fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(40), fc.nat(9_000)), fc.oneof(piece, restoreText)), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(far, (changes) => {
      const document = edited(text, changes, () => {});
      const anew = createDocument(document.text, { family: 'ipv4', dialect: 'restore' });
      expect(contents(document)).toEqual(contents(anew));
      const places = [0, 1, document.text.length >> 1, document.text.length - 1, document.text.length];
      for (const place of places) expect(lineAt(document, place)).toBe(lineAt(anew, place));
    }),
    { numRuns: 60 },
  );
});

test('what was edited is told by what both texts share', () => {
  const lines = Array.from({ length: 2_000 }, (_, at) => `-A INPUT -s 10.0.${at % 7}.1 -j DROP`);
  const text = `*filter\n${lines.join('\n')}\nCOMMIT\n`;
  const far = fc.array(fc.tuple(fc.nat(), fc.nat(20_000), piece), { minLength: 1, maxLength: 4 });
  let small = 0;
  fc.assert(
    fc.property(far, (changes) => {
      const before = createDocument(text, { family: 'ipv4', dialect: 'restore' });
      let after: Document = before;
      for (const [at, length, inserted] of changes) {
        const start = at % (after.text.length + 1);
        after = editDocument(after, { start, end: Math.min(after.text.length, start + length), text: inserted });
      }
      const change = changeBetween(before, after);
      if (change === undefined) return;
      small += change.text.length < text.length / 2 ? 1 : 0;
      expect(editDocument(before, change).text).toBe(after.text);
    }),
    { numRuns: 60 },
  );
  expect(small).toBeGreaterThan(20);
  const other = createDocument(text, { family: 'ipv6', dialect: 'restore' });
  expect(changeBetween(createDocument(text), other)).toBeUndefined();
});

test('the table of a line, and the chains of a table, by chunks as by the whole file', () => {
  fc.assert(
    fc.property(restoreText, edits, (text, changes) => {
      const { chunks, tree } = edited(text, changes, () => {});
      for (const number of tree.lines.keys()) expect(tableNameAt(chunks, number)).toBe(blockAt(tree, number)?.name);
      for (const table of TABLES) {
        const blocks = blocksOf(tree).blocks.filter((block) => block.table === table);
        const names = new Set(blocks.flatMap((block) => [...declaredChains(tree, block).keys()]));
        expect([...chainsMade(chunks, table)]).toEqual([...names]);
        for (const name of ['INPUT', 'own', ...names]) expect(makesChain(chunks, table, name)).toBe(names.has(name));
      }
    }),
    { numRuns: 200 },
  );
});

/** What only a look at the whole file shows, or at a chain as its rules make it. */
const OF_THE_WHOLE: ReadonlySet<string> = new Set([
  ...['loop', 'wrong-hook', 'carriage-return', 'outside-table', 'missing-commit', 'unknown-table'],
]);

function changesChains(line: Line): boolean {
  return line.kind === 'command' && (line.command === 'rename-chain' || line.command === 'delete-chain');
}

test('a line is checked alone as in the whole file', () => {
  let checked = 0;
  fc.assert(
    fc.property(restoreText, edits, (text, changes) => {
      const document = edited(text, changes, () => {});
      const { tree } = document;
      const tables = blocksOf(tree).blocks.map(({ table }) => table);
      fc.pre(new Set(tables).size === tables.length && !tree.lines.some(changesChains));
      const all = allProblems(document);
      for (const [number, line] of tree.lines.entries()) {
        if (line.kind !== 'command' || line.command !== 'append') continue;
        const ofLine = all.filter((one) => one.line === number);
        const alone = checkLine(document, number).map((one) => ({ ...one, line: number }));
        checked += alone.length;
        expect(ofLine).toEqual(expect.arrayContaining([...alone]));
        expect(alone).toEqual(expect.arrayContaining(ofLine.filter(({ code }) => !OF_THE_WHOLE.has(code))));
      }
    }),
    { numRuns: 300 },
  );
  expect(checked).toBeGreaterThan(100);
});

test('diagnostics follow an edit to their new places, and the touched line has its own', () => {
  const text = '*filter\n-A INPUT -j NOWHERE\n-A INPUT -p tcp\n-A INPUT -j ELSEWHERE\nCOMMIT\n';
  const before = createDocument(text);
  const known = [...diagnosticSlices(before, NO_HINTS)].flat().filter(({ severity }) => severity === 'error');
  const at = text.indexOf('-p tcp');
  const change = { start: at, end: at, text: '--what ' };
  const after = editDocument(before, change);
  const found = editedDiagnostics(known, { before, after, change });
  const told = (all: readonly Diagnostic[]) =>
    all.map(({ code, severity, span, fixes }) => [code, after.text.slice(span.start, span.end), severity, fixes]);
  expect(told(found).map(([code, marked]) => [code, marked])).toEqual([
    ['chain-undefined', 'NOWHERE'],
    ['chain-undefined', 'ELSEWHERE'],
    ['unknown-option', '--what'],
  ]);
  const anew = [...problemSlices(after, NO_HINTS)].flat();
  expect(told(found)).toEqual(expect.arrayContaining(told(anew)));
  expect(anew).toHaveLength(found.length);
});

test('what is refused in a touched line has the name and the cure that it has in the whole file', () => {
  const text = '*filter\n-A INPUT -p tcp -j ACCEPT\nCOMMIT\n';
  const before = createDocument(text);
  const at = text.indexOf('ACCEPT');
  const change = { start: at, end: at + 6, text: 'accept' };
  const after = editDocument(before, change);
  const found = editedDiagnostics([], { before, after, change });
  expect(found.map(({ code }) => code)).toEqual(['target-case']);
  expect(found).toEqual([...problemSlices(after, NO_HINTS)].flat());
});

describe('an edit', () => {
  const document = createDocument('*filter\n-A INPUT -j DROP\n-A INPUT -j ACCEPT\nCOMMIT\n');

  test('keeps the other lines as they are', () => {
    const edited = editDocument(document, { start: 8, end: 8, text: '-A INPUT -i lo\n' });
    expect(edited.tree.lines[0]).toBe(document.tree.lines[0]);
    expect(edited.tree.lines[3]).toBe(document.tree.lines[2]);
    expect(edited.tree.lines[4]).toBe(document.tree.lines[3]);
  });

  test('may join lines, and part them', () => {
    const joined = editDocument(document, { start: 7, end: 8, text: '' });
    expect(joined.tree.lines.map((line) => line.kind)).toEqual(['table', 'command', 'commit', 'blank']);
    const parted = editDocument(joined, { start: 7, end: 7, text: '\n' });
    expect(contents(parted)).toEqual(contents(document));
  });

  test('may empty the file', () => {
    const empty = editDocument(document, { start: 0, end: document.text.length, text: '' });
    expect(contents(empty)).toEqual(contents(createDocument('')));
  });

  test('may turn the file into one for IPv6', () => {
    const bare = createDocument('*filter\n-A INPUT -s \nCOMMIT\n');
    const edited = editDocument(bare, { start: 20, end: 20, text: '2001:db8::1' });
    expect([bare.tree.family, edited.tree.family]).toEqual(['ipv4', 'ipv6']);
    expect(edited.tree.lines[1]?.problems).toEqual([]);
  });
});

test('lines by offset', () => {
  const document = createDocument('ab\nc\n\nd');
  expect([0, 2, 3, 4, 5, 6, 7, 99].map((offset) => lineAt(document, offset))).toEqual([0, 0, 1, 1, 2, 3, 3, 3]);
});

describe('the family', () => {
  test.each([
    ['# Generated by ip6tables-save v1.8.9\n', '', 'ipv6'],
    ['# Generated by iptables-nft-save v1.8.9\n', '', 'ipv4'],
    ['# Generated by iptables-save v1.4.21\n-A INPUT -s fe80::/10\n', 'ip6tables.rules', 'ipv6'],
    ['-A INPUT -s 10.0.0.0/8\n', '', 'ipv4'],
    ['-A INPUT -s fe80::/10\n', '', 'ipv6'],
    ['-A INPUT -m comment --comment fe80::1 -s 10.0.0.1\n', '', 'ipv4'],
    ['# fe80::1\n', '', 'ipv4'],
    ['-A INPUT -j REJECT --reject-with icmp6-port-unreachable\n', '', 'ipv6'],
    ['*filter\n', '/etc/iptables/rules.v6', 'ipv6'],
    ['*filter\n', '/etc/ufw/before6.rules', 'ipv6'],
    ['*filter\n', 'C:\\rules\\ip6tables.save', 'ipv6'],
    ['*filter\n', 'rules.v4', 'ipv4'],
    ['*filter\n', '', 'ipv4'],
    // One address does not make another file of it, many do; `iptables` is said of both families.
    ['-A INPUT -s 10.0.0.0/8\n', 'rules.v6', 'ipv6'],
    ['-A INPUT -s 2001:db8::/32\n', 'rules.v4', 'ipv4'],
    ['-A INPUT -s 10.0.0.0/8,10.1.0.1,10.2.0.1\n', 'rules.v6', 'ipv4'],
    ['-A INPUT -s 2001:db8::/32\n', 'iptables.rules', 'ipv6'],
  ])('%j in %j', (text, fileName, family) => {
    expect(guessFamily(text, fileName)).toBe(family);
  });
});

test('100,000 rules: parsed and checked in seconds, an edit in a fraction of one', () => {
  const rules = Array.from({ length: 100_000 }, (_, index) => {
    const address = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
    return `-A INPUT -s ${address}/32 -p tcp -m conntrack --ctstate NEW -m tcp --dport ${1 + (index % 65_535)} -j ACCEPT`;
  });
  const text = ['*filter', ...rules, 'COMMIT', ''].join('\n');
  const start = performance.now();
  const document = createDocument(text);
  expect(check(document)).toEqual([]);
  const parsed = performance.now();
  const offset = text.indexOf('10.1.0.0');
  expect(check(editDocument(document, { start: offset, end: offset + 2, text: '300' }))).toEqual([]);
  const edited = performance.now();
  // Ten times what a slow machine takes: a quadratic step would take a hundred times as long.
  expect(parsed - start).toBeLessThan(40_000);
  expect(edited - parsed).toBeLessThan(5_000);
});
