/** Many fixes at once never disturb each other. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allProblems } from '../server/src/analysis/check';
import { createDocument, type Document } from '../server/src/analysis/document';
import { readHints } from '../server/src/analysis/hints';
import { lower } from '../server/src/analysis/lower';
import { readExample } from '../server/src/lint/example';
import { applyEdits, type Finding, type Fix } from '../server/src/lint/finding';
import { editsOf, fixesTogether, fixSafely, safeFixes } from '../server/src/lint/fix-all';
import { LINT_RULES } from '../server/src/lint/registry';
import { commandInRestore } from '../server/src/lint/rules/command-in-restore';
import { lint } from '../server/src/lint/run';

const fix = (...edits: readonly (readonly [number, number, string])[]): Fix => ({
  title: '',
  safe: true,
  edits: edits.map(([start, end, text]) => ({ span: { start, end }, text })),
});
const finding = (one: Fix, more: Partial<Finding> = {}): Finding => ({
  code: 'x',
  severity: 'hint',
  message: '',
  span: { start: 0, end: 0 },
  related: [],
  fixes: [one],
  ...more,
});

describe('fixes that are made together', () => {
  it('are disjoint, whole or not at all, the first one first', () => {
    const [a, b, c] = [fix([0, 2, ''], [10, 12, '']), fix([4, 6, 'x'], [11, 13, '']), fix([4, 6, 'y'])];
    expect(fixesTogether([a, b, c])).toEqual([a, c]);
  });

  it('may remove lines one below the other, and do not insert where another edits', () => {
    expect(fixesTogether([fix([0, 5, '']), fix([5, 9, ''])])).toHaveLength(2);
    expect(fixesTogether([fix([5, 5, 'a']), fix([5, 5, 'b'])])).toHaveLength(1);
    expect(fixesTogether([fix([0, 5, '']), fix([5, 5, 'b'])])).toHaveLength(1);
  });

  it('whatever they are: each edit stays as it was meant', () => {
    const edit = fc.tuple(fc.nat(20), fc.nat(4), fc.constantFrom('', '<', '>>'));
    const fixes = fc.array(
      edit.map(([start, length, text]) => fix([start, start + length, text])),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(fixes, (all) => {
        const edits = editsOf(fixesTogether(all));
        for (const [index, { span }] of edits.entries()) {
          expect(span.start).toBeGreaterThanOrEqual(edits[index - 1]?.span.end ?? 0);
        }
        const text = 'abcdefghijklmnopqrstuvwxyz';
        const removed = edits.reduce((sum, { span }) => sum + span.end - span.start, 0);
        const added = edits.reduce((sum, one) => sum + one.text.length, 0);
        expect(applyEdits(text, edits)).toHaveLength(text.length - removed + added);
      }),
    );
  });

  it('are safe ones of what is not suppressed', () => {
    const unsafe = { ...fix([0, 1, '']), safe: false };
    expect(safeFixes([finding(unsafe), finding(fix([0, 1, '']), { suppressed: { reason: '' } })])).toEqual([]);
    expect(safeFixes([{ ...finding(unsafe), fixes: [unsafe, fix([2, 3, ''])] }])).toEqual([fix([2, 3, ''])]);
  });

  it('end, also where each makes the next', () => {
    const document = createDocument('x');
    const { count } = fixSafely(document, ({ text }) => [finding(fix([text.length, text.length, 'x']))]);
    expect(count).toBe(10);
  });
});

describe('the safe fixes of all rules', () => {
  const examples = LINT_RULES.flatMap(({ bad }) => bad);
  const findingsOf = (text: string, family?: 'ipv4' | 'ipv6') => {
    const document = createDocument(text, family && { family });
    return { document, findings: lint(document, readHints(document)) };
  };

  it.each(examples.map((example) => [example.title, example] as const))('%s', (_, { code, family }) => {
    const { text } = readExample(code);
    const { document } = findingsOf(text, family);
    const fixed = fixSafely(document, (one) => findingsOf(one.text, family).findings);
    if (fixed.count === 0) expect(fixed.document.text).toBe(text);
    else expect(safeFixes(findingsOf(fixed.document.text, family).findings)).toEqual([]);
  });
});

describe('commands of a restore file, as iptables-save has them', () => {
  const chain = fc.constantFrom('INPUT', 'OUTPUT', 'office');
  const rule = fc.tuple(chain, fc.nat(9)).map(([name, at]) => `${name} -s 10.0.0.${at} -j ACCEPT`);
  const line = fc.oneof(
    { weight: 4, arbitrary: rule.map((one) => `-A ${one}`) },
    rule.map((one) => `-I ${one}`),
    fc.tuple(rule, fc.integer({ min: 1, max: 4 })).map(([one, at]) => `-I ${one.replace(' ', ` ${at} `)}`),
    chain.map((name) => `-D ${name} 1`),
    fc.constantFrom('INPUT', 'OUTPUT').map((name) => `-P ${name} DROP`),
    fc.constantFrom('-F', '-F INPUT', '-X', '-Z', '-L', '-N office', ':INPUT ACCEPT [0:0]', ':office - [0:0]'),
  );
  const rulesOf = (document: Document) =>
    lower(document.tree).tables.map(({ chains }) =>
      chains.map(({ name, policy, rules }) => ({ name, policy, rules: rules.map(({ line: _, ...rest }) => rest) })),
    );

  it('the same chains, policies and rules, in the same order', () => {
    let fixed = 0;
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 9 }), (lines) => {
        const text = `*filter\n${lines.join('\n')}\nCOMMIT\n`;
        const document = createDocument(text, { family: 'ipv4', dialect: 'restore' });
        fc.pre(allProblems(document).every(({ severity }) => severity !== 'error'));
        for (const { fixes } of lint(document, readHints(document), { rules: [commandInRestore] })) {
          for (const { edits } of fixes) {
            const after = createDocument(applyEdits(text, edits), { family: 'ipv4', dialect: 'restore' });
            expect({ text, rules: rulesOf(after) }).toEqual({ text, rules: rulesOf(document) });
            fixed += 1;
          }
        }
      }),
      { numRuns: 1_500 },
    );
    expect(fixed).toBeGreaterThan(300);
  });
});
