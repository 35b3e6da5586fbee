/**
 * Texts that are no plain restore file, as data: what is wrong with them, and the rules that are read of them. A case
 * is called by its file's name, which may say the dialect.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { allProblems } from '../server/src/analysis/check';
import { createDocument, type Document, editDocument, sidesOf, spanInDocument } from '../server/src/analysis/document';
import { lower } from '../server/src/analysis/lower';
import { placeAt } from '../server/src/analysis/text-lines';
import { printRule } from '../src-sim/xt/print-rule';
import { testFile } from './support/expected-answer';

const folder = join(import.meta.dirname, 'data', 'dialects');

/** The dialect, its problems with their words, and its rules; `?` before a rule that is not sure to be there. */
function describeText(text: string, fileName: string): string {
  const document = createDocument(text, { fileName });
  return [document.dialect, ...problemLines(document), ...sidesOf(document).flatMap(ruleLines)].join('\n');
}

function problemLines(document: Document): readonly string[] {
  return allProblems(document).map(({ line, span, severity, code, message }) => {
    const { start, end } = spanInDocument(document, line, span);
    const place = placeAt(document, start);
    const text = JSON.stringify(document.text.slice(start, end));
    return `${place.line + 1}:${place.column + 1} ${severity} ${code} ${text}: ${message}`;
  });
}

function ruleLines({ tree }: Document): readonly string[] {
  return lower(tree).tables.flatMap(({ name: table, chains }) =>
    chains.flatMap(({ name, policy, rules }) => [
      ...(policy === 'DROP' ? [`${tree.family} ${table} ${name} DROP`] : []),
      ...rules.map((rule) => {
        const line = tree.lines[rule.line];
        const mark = line?.kind === 'command' && line.unsure !== undefined ? '? ' : '';
        const known = rule.matches.filter(({ unknown }) => unknown === undefined);
        const unknown = rule.matches.length - known.length;
        const words = printRule({ ...rule, matches: known }, tree.family);
        return `${mark}${tree.family} ${table} ${name} ${words}${unknown > 0 ? ` (and ${unknown} unknown)` : ''}`;
      }),
    ]),
  );
}

describe.each(['scripts', 'listings', 'templates', 'ufw'])('%s', (name) => {
  testFile(join(folder, `${name}.txt`), (input, _file, title) => describeText(input, title));
});

describe('a script', () => {
  const text = '#!/bin/sh\niptables -A INPUT \\\n  -j ACCEPT; ip6tables -P INPUT DROP\n# end\n';

  test('gives back every byte', () => {
    for (const { tree } of sidesOf(createDocument(text))) {
      expect(tree.lines.map((line) => line.text).join('')).toBe(text);
    }
  });

  test('is the same document after an edit as when it is read anew', () => {
    const document = createDocument(text, { fileName: 'x.sh' });
    const edited = editDocument(document, { start: 13, end: 13, text: ' ' });
    expect(edited).toEqual(createDocument(edited.text, { fileName: 'x.sh' }));
  });

  test.each(['"', "'", '$(', '`', '${', '<<E', '$((', '\\', '(', 'case x in a)', '#'])(
    'that ends in %s is read',
    (end) => {
      const cut = `iptables -A INPUT -j ACCEPT\niptables -A INPUT ${end}`;
      expect(sidesOf(createDocument(cut, { dialect: 'script' }))[0]?.text).toBe(cut);
    },
  );
});
