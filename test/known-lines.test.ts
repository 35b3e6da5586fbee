/** Lines that are known by their shape: nothing tells them from lines that the parser has read. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { check } from '../server/src/analysis/check';
import { createDocument, type Document } from '../server/src/analysis/document';
import { KnownLine } from '../server/src/analysis/known-line';
import { lower } from '../server/src/analysis/lower';
import { parse } from '../server/src/syntax/parse';
import type { Family } from '../src-sim/net/address';
import { EXTENSIONS } from '../src-sim/xt/registry';
import { isKnown, plainLine, plainTree } from './support/plain-line';
import { restoreText } from './support/random-rulesets';

/** The same text, every line of it read by the parser. */
function readWhole(text: string, family: Family): Pick<Document, 'tree'> {
  return { tree: parse(text, family) };
}

function expectSame(text: string, family: Family): Document {
  const document = createDocument(text, { family });
  const whole = readWhole(text, family) as Document;
  expect(check(document)).toEqual(check(whole));
  expect(lower(document.tree)).toEqual(lower(whole.tree));
  expect(plainTree(document.tree)).toEqual(whole.tree);
  return document;
}

const FAMILIES: readonly Family[] = ['ipv4', 'ipv6'];

test('rulesets by chance', () => {
  fc.assert(
    fc.property(restoreText, fc.constantFrom(...FAMILIES), (text, family) => {
      expectSame(text, family);
    }),
    { numRuns: 400 },
  );
});

/** Words that fill the place of another, or ought not to. */
const WORDS = [
  ...['10.0.0.1', '10.0.0.1/8', '0.0.0.0/0', '::/0', '2001:db8::1', '1.1.1.1,2.2.2.2', 'host.example', 'any/0'],
  ...['80', '80:90', '0:65535', '99999', '0x10', '-5', '!', '--dport', '-j', '-m', '--', 'tcp', 'udp', 'all', '+'],
  ...['INPUT', 'own', 'LOG', 'ACCEPT', 'ULOG', 'x'.repeat(29), '"a b"', '"a\\"b"', '"', '""', 'a"b"c', '-own', '!own'],
  ...['é', '\u0001', 'NEW,ESTABLISHED', 'x'.repeat(1024), '# a', '-A', '-4', '-c'],
];

const rules = EXTENSIONS.flatMap(({ examples }) => examples.map(({ rule }) => rule));
const chain = fc.constantFrom('INPUT', 'OUTPUT', 'PREROUTING', 'own', 'other', 'LOG', 'missing');

/** A rule, and the same with one word another: each shape is met again with other values. */
const relatives = fc
  .tuple(chain, fc.constantFrom(...rules), fc.constantFrom('', ' -j own', ' -j ACCEPT', ' -g other', ' -j LOG'))
  .chain(([name, rule, target]) => {
    const words = `-A ${name} ${rule}${target}`.split(' ');
    const other = fc
      .tuple(fc.nat(words.length - 1), fc.constantFrom(...WORDS))
      .map(([at, word]) => words.map((old, place) => (place === at ? word : old)));
    return fc.array(other, { minLength: 1, maxLength: 4 }).map((others) => [words, ...others]);
  })
  .map((lines) => lines.map((words) => words.join(' ')));

test('rules of which a word is another', () => {
  let known = 0;
  let all = 0;
  fc.assert(
    fc.property(
      fc.array(relatives, { maxLength: 4 }),
      fc.constantFrom('filter', 'nat', 'mangle', 'raw', 'none'),
      fc.constantFrom(':LOG - [0:0]\n', ''),
      fc.constantFrom(...FAMILIES),
      (lines, table, more, family) => {
        const text = `*${table}\n:own - [0:0]\n${more}:other - [0:0]\n${lines.flat().join('\n')}\nCOMMIT\n`;
        const { tree } = expectSame(text, family);
        const commands = tree.lines.filter(({ kind }) => kind === 'command');
        all += commands.length;
        known += commands.filter(isKnown).length;
      },
    ),
    { numRuns: 1_500 },
  );
  expect(known / all).toBeGreaterThan(0.1);
});

test('declarations of chains', () => {
  const declaration = fc
    .tuple(
      fc.constantFrom(...WORDS, 'own', 'INPUT'),
      fc.constantFrom(' - [0:0]', ' -  [0:0]', ' - [1:0]', ' DROP [0:0]', ' -'),
    )
    .map(([name, rest]) => `:${name}${rest}`);
  fc.assert(
    fc.property(fc.array(declaration), fc.constantFrom('\n', '\r\n'), (lines, ending) => {
      expectSame(['*filter', ...lines, 'COMMIT', ''].join(ending), 'ipv4');
    }),
  );
});

test('most lines of a ruleset of many are known, and are read when somebody looks', () => {
  const lines = Array.from(
    { length: 50 },
    (_, at) => `-A INPUT -s 10.0.0.${at}/32 -p tcp -m tcp --dport ${at} -j ACCEPT`,
  );
  const { tree } = createDocument(`*filter\n${lines.join('\n')}\nCOMMIT\n`);
  const line = tree.lines[30];
  expect(tree.lines.filter(isKnown).length).toBe(50);
  expect(line).toBeInstanceOf(KnownLine);
  expect(line && plainLine(line)).toMatchObject({ chain: { value: 'INPUT' }, parts: { length: 5 } });
});
