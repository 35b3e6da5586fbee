/** The canonical form: what iptables-save prints, with everything that a file holds beside its rules. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDocument } from '../server/src/analysis/document';
import { applyEdits, type FormatOptions, format } from '../server/src/analysis/format';
import { lower } from '../server/src/analysis/lower';
import { formatEdits } from '../server/src/features/format';
import type { Ruleset } from '../src-sim/netfilter/ruleset';
import { printRule } from '../src-sim/xt/print-rule';
import { restoreText } from './support/random-rulesets';

const DECLARED = ':INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n';

function formatted(text: string, options: FormatOptions = {}): string {
  const document = createDocument(text, { family: 'ipv4' });
  const result = format(document, options);
  return result.kind === 'formatted'
    ? applyEdits(document, result.edits)
    : `${result.problem.line + 1}: ${result.problem.code}`;
}

describe('lines that stand for themselves keep their places', () => {
  test.each([
    ['words in their order', '-A INPUT -j ACCEPT -p tcp --dport ssh', '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT'],
    ['blanks', '  -A\tINPUT   -j ACCEPT ', '-A INPUT -j ACCEPT'],
    ['counters', '[1:60] -A INPUT -j ACCEPT', '[1:60] -A INPUT -j ACCEPT'],
    ['counters of -c', '-A INPUT -c 1 60 -j ACCEPT', '[1:60] -A INPUT -j ACCEPT'],
    ['lists', '-A INPUT -s 1.1.1.1,2.2.2.2', '-A INPUT -s 1.1.1.1/32\n-A INPUT -s 2.2.2.2/32'],
    ['comments and blank lines', '# one\n\n#two', '# one\n\n#two'],
    ['a chain', ':own -\n-A own -g own', ':own - [0:0]\n-A own -g own'],
    ['a chain behind rules', '-A INPUT\n:own - [7:9]', '-A INPUT\n:own - [0:0]'],
  ])('%s', (_, lines, expected) => {
    expect(formatted(`*filter\n${DECLARED}${lines}\nCOMMIT\n`)).toBe(`*filter\n${DECLARED}${expected}\nCOMMIT\n`);
  });

  test('built-in chains that are not declared', () => {
    expect(formatted('# top\n* filter\n:INPUT DROP [3:4]\n-A INPUT\nCOMMIT')).toBe(
      '# top\n*filter\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:INPUT DROP [3:4]\n-A INPUT\nCOMMIT\n',
    );
  });

  test("in ufw's own files no policy is set where they are written", () => {
    const part = '*filter\n:ufw-user-input - [0:0]\n-A ufw-user-input -j RETURN\nCOMMIT\n';
    expect(formatted(part, { inPlace: true })).toBe(part);
    expect(formatted(part)).toContain(':INPUT ACCEPT [0:0]\n');
  });
});

describe('commands that do more than append become what they do', () => {
  test('with their comments', () => {
    const lines = [
      '# kept',
      '-N own',
      '-P INPUT DROP',
      '# second',
      '-A own -s 2.2.2.2',
      '# first',
      '-I own -s 1.1.1.1',
    ];
    expect(formatted(`*filter\n${lines.join('\n')}\n-A INPUT\n-F INPUT\n# end\nCOMMIT\n`)).toBe(
      [
        '*filter',
        ':INPUT DROP [0:0]',
        ':FORWARD ACCEPT [0:0]',
        ':OUTPUT ACCEPT [0:0]',
        '# kept',
        ':own - [0:0]',
        '# first',
        '-A own -s 1.1.1.1/32',
        '# second',
        '-A own -s 2.2.2.2/32',
        '# end',
        'COMMIT',
        '',
      ].join('\n'),
    );
  });
});

test.each([
  ['an error', '-A INPUT --dprot 22', '3: unknown-option'],
  ['a name that must be looked up', '-A INPUT -s example.org', '3: host-name'],
  ['an extension that is not declared', '-A INPUT -m geoip --src-cc CN', '3: not-understood'],
  ['a line for the other family', '-A INPUT -6 -s ::1', '3: other-family'],
  ['a zero byte', '-A INPUT -j ACCEPT \0 rest', '3: zero-byte'],
  ['a quote that is never closed', '-A INPUT -m comment --comment "x', '3: open-quote'],
])('nothing is changed where a line holds %s', (_, line, why) => {
  expect(formatted(`*filter\n-A INPUT  -j ACCEPT\n${line}\nCOMMIT\n`)).toBe(why);
});

describe('in the editor', () => {
  const text = '*filter\n-A INPUT  -j ACCEPT\n-A INPUT  -j DROP\n-A INPUT --dprot 22\nCOMMIT\n';
  const document = createDocument(text, { family: 'ipv4' });

  test('a document with an error stays as it is', () => {
    expect(formatEdits(document)).toEqual([]);
  });
  test('a selection is formatted where its own lines are right', () => {
    const start = text.indexOf('-A INPUT  -j DROP');
    const end = start + '-A INPUT  -j DROP\n'.length;
    expect(formatEdits(document, { start: start + 3, end })).toEqual([
      { span: { start, end }, text: '-A INPUT -j DROP\n' },
    ]);
    expect(formatEdits(document, { start, end: end + 1 })).toEqual([]);
  });
});

test('formatted twice it is the same, and it means what it meant', () => {
  fc.assert(
    fc.property(restoreText, (text) => {
      const document = createDocument(text, { family: 'ipv4' });
      const result = format(document, { variant: 'legacy' });
      fc.pre(result.kind === 'formatted');
      const once = createDocument(applyEdits(document, result.edits), { family: 'ipv4' });
      expect(format(once, { variant: 'legacy' })).toEqual({ kind: 'formatted', edits: [] });
      expect(meaning(lower(once.tree))).toEqual(meaning(lower(document.tree)));
    }),
    { numRuns: 100 },
  );
});

/** A ruleset without the places of its rules in the text, and however their options were written. */
function meaning({ family, tables }: Ruleset) {
  return tables.map(({ name, chains }) => [
    name,
    chains.map((chain) => ({ ...chain, rules: chain.rules.map((rule) => [printRule(rule, family), rule.counters]) })),
  ]);
}
