/** What is wrong with rulesets: marked files, and the iptables of this machine asked about every line of them. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { allProblems, type LocatedProblem } from '../server/src/analysis/check';
import { createDocument, type Document } from '../server/src/analysis/document';
import { refuses, type Variant } from '../server/src/analysis/variant';
import { askRestore, canAskRestore, type Question } from './support/ask-restore';
import { withMarks, withoutMarks } from './support/marked-ruleset';

const folder = join(import.meta.dirname, 'data', 'diagnostics');
const files = readdirSync(folder).filter((name) => name.endsWith('.rules'));

describe.each(files)('%s', (name) => {
  const path = join(folder, name);
  const marked = readFileSync(path, 'utf8');
  const source = withoutMarks(marked);
  const document = createDocument(source, { fileName: name });
  const problems = allProblems(document);

  test('what stands below its lines', () => {
    const found = withMarks(source, problems);
    if (process.env.UPDATE_EXPECT === '1') writeFileSync(path, found);
    else expect(found).toBe(marked);
  });

  describe.skipIf(!canAskRestore)('asked of iptables', () => {
    const variants = /^# .*iptables-legacy alone/.test(source) ? (['legacy'] as const) : (['legacy', 'nft'] as const);
    const refusing = problems.filter((one) => variants.some((variant) => refuses(variant, one)));
    const cases = casesOf(document, refusing);

    describe.each(variants)('%s', (variant) => {
      const answers = canAskRestore ? askRestore(cases, variant) : [];
      test.each(cases.map((one, index) => [one.name, one, index] as const))('%s', (_, { accepted }, index) => {
        expect(answers[index]?.accepted, answers[index]?.said).toBe(accepted[variant]);
      });
    });
  });
});

interface Case extends Question {
  readonly name: string;
  readonly accepted: { readonly legacy: boolean; readonly nft: boolean };
}

/** The file without the lines that are wrong, and once for each wrong line with that line alone put back. */
function casesOf({ tree }: Document, refusing: readonly LocatedProblem[]): readonly Case[] {
  const wrong = new Set(refusing.map((one) => one.line));
  const withOnly = (kept: number | undefined) =>
    tree.lines
      .filter((_, number) => number === kept || !wrong.has(number))
      .map((line) => line.text)
      .join('');
  const lines = [...wrong].map((number): Case => {
    const by = (variant: Variant) => refusing.some((one) => one.line === number && refuses(variant, one));
    const name = `line ${number + 1}: ${tree.lines[number]?.text.trim()}`;
    return { name, text: withOnly(number), family: tree.family, accepted: { legacy: !by('legacy'), nft: !by('nft') } };
  });
  const rest = { name: 'the rest', text: withOnly(undefined), family: tree.family };
  return [{ ...rest, accepted: { legacy: true, nft: true } }, ...lines];
}

/** Files whose frame is wrong: what is found, and what iptables says to the whole of them. */
const frames: readonly { readonly name: string; readonly text: string; readonly found: readonly string[] }[] = [
  { name: 'an empty file', text: '', found: [] },
  { name: 'comments alone', text: '# one\n#two\n', found: [] },
  { name: 'no COMMIT', text: '*filter\n-A INPUT -j ACCEPT\n', found: ['3:1 missing-commit'] },
  { name: 'cut in a word', text: '*filter\n-A INPUT -j ACC', found: ['2:1 missing-commit', '2:13 unknown-chain'] },
  { name: 'cut in COMMIT', text: '*filter\nCOMM', found: ['2:1 missing-commit', '2:1 bad-argument'] },
  { name: 'no newline at the end', text: '*filter\nCOMMIT', found: ['2:1 missing-newline legacy'] },
  { name: 'a blank behind COMMIT', text: '*filter\nCOMMIT \n', found: ['2:1 bad-commit'] },
  { name: 'COMMIT in small letters', text: '*filter\ncommit\n', found: ['2:1 bad-commit'] },
  { name: 'two COMMITs', text: '*filter\nCOMMIT\nCOMMIT\n', found: ['3:1 outside-table'] },
  { name: 'a rule before a table', text: '-A INPUT\n*filter\nCOMMIT\n', found: ['1:1 outside-table'] },
  { name: 'a rule alone', text: '-A INPUT -j DROP\n-A INPUT -j ACCEPT\n', found: ['1:1 outside-table'] },
  { name: 'a chain behind COMMIT', text: '*filter\nCOMMIT\n:x -\n', found: ['3:1 outside-table'] },
  { name: 'a table in a table', text: '*filter\n*nat\nCOMMIT\n', found: ['2:1 missing-commit'] },
  { name: 'a table twice', text: '*filter\nCOMMIT\n*filter\nCOMMIT\n', found: [] },
  { name: 'an unknown table', text: '*filtre\nCOMMIT\n', found: ['1:2 unknown-table'] },
  { name: 'a table in capitals', text: '*FILTER\nCOMMIT\n', found: ['1:2 unknown-table'] },
  { name: 'no table name', text: '*\nCOMMIT\n', found: ['1:1 missing-name'] },
  { name: 'an indented table', text: ' *filter\nCOMMIT\n', found: ['1:1 indented-line'] },
  { name: 'blanks around a table name', text: '* filter  x\nCOMMIT\n', found: [] },
  { name: 'a byte order mark', text: '\uFEFF*filter\nCOMMIT\n', found: ['1:1 byte-order-mark'] },
  { name: 'CRLF', text: '*filter\r\n-A INPUT -j ACCEPT\r\nCOMMIT\r\n', found: ['1:8 carriage-return'] },
  { name: 'CRLF on a rule', text: '*filter\n-A INPUT -j ACCEPT\r\nCOMMIT\n', found: ['2:19 carriage-return'] },
  { name: 'CRLF on a blank line', text: '*filter\n\r\nCOMMIT\n', found: ['2:1 carriage-return'] },
  { name: 'CRLF on a comment', text: '*filter\n# x\r\nCOMMIT\n', found: [] },
  { name: 'CRLF on a chain', text: '*filter\n:x - [0:0]\r\nCOMMIT\n', found: [] },
  { name: 'a zero byte', text: '*filter\n-A INPUT -j ACCEPT\0 x\nCOMMIT\n', found: ['2:19 zero-byte'] },
  {
    name: 'a zero byte in a word',
    text: '*filter\n-A INPUT -j AC\0CEPT\nCOMMIT\n',
    found: ['2:13 unknown-chain', '2:15 zero-byte'],
  },
  { name: 'a line of 10,239 bytes', text: `*filter\n#${'x'.repeat(10_237)}\nCOMMIT\n`, found: [] },
  { name: 'a line of 10,241 bytes', text: `*filter\n#${'x'.repeat(10_239)}\nCOMMIT\n`, found: ['2:1 line-too-long'] },
  { name: '251 words', text: `*filter\n-A INPUT${' -v'.repeat(249)}\nCOMMIT\n`, found: [] },
  { name: '252 words', text: `*filter\n-A INPUT${' -v'.repeat(250)}\nCOMMIT\n`, found: ['2:756 too-many-words'] },
  {
    name: 'a word of 1,024 bytes',
    text: `*filter\n-A INPUT ${'é'.repeat(512)}\nCOMMIT\n`,
    found: ['2:10 bad-argument', '2:10 word-too-long'],
  },
];

describe('frames', () => {
  const problemsOf = (text: string) => allProblems(createDocument(text, { family: 'ipv4' }));

  test.each(frames)('$name', ({ text, found }) => {
    const place = ({ line, span, code, refusedBy }: LocatedProblem) =>
      [`${line + 1}:${span.start + 1}`, code, ...(refusedBy ? [refusedBy] : [])].join(' ');
    expect(problemsOf(text).map(place).sort()).toEqual([...found].sort());
  });

  describe.skipIf(!canAskRestore).each(['legacy', 'nft'] as const)('asked of iptables-%s', (variant) => {
    const answers = canAskRestore
      ? askRestore(
          frames.map(({ text }) => ({ text, family: 'ipv4' })),
          variant,
        )
      : [];
    test.each(frames.map((frame, index) => [frame.name, frame.text, index] as const))('%s', (_, text, index) => {
      const refused = problemsOf(text).some(
        ({ severity, refusedBy }) => refusedBy === variant || (refusedBy === undefined && severity === 'error'),
      );
      expect(answers[index]?.accepted, answers[index]?.said).toBe(!refused);
    });
  });
});

describe('extensions that are not declared', () => {
  const codes = (rule: string) =>
    allProblems(createDocument(`*filter\n${rule}\nCOMMIT\n`, { family: 'ipv4' })).map(
      ({ code, severity }) => `${severity} ${code}`,
    );

  test('a match of xtables-addons, with options that nobody knows', () => {
    expect(codes('-A INPUT -m geoip ! --src-cc CN,RU -p tcp --dport 22 -j DROP')).toEqual([
      'information unknown-extension',
    ]);
  });
  test('an option that looks like an abbreviation of another is left to it', () => {
    expect(codes('-A INPUT -m psd --set 1 -j DROP')).toEqual(['information unknown-extension']);
  });
  test('a target of xtables-addons', () => {
    expect(codes('-A INPUT -p tcp -j TARPIT --honeypot')).toEqual(['information unknown-extension']);
  });
  test('a match that is rather misspelt', () => {
    expect(codes('-A INPUT -m contrack --ctstate NEW -j DROP')).toEqual(['error unknown-extension']);
  });
});
