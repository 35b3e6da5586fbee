/** Whatever stands in a file: no feature throws, and nothing of it becomes markup. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDocument } from '../server/src/analysis/document';
import { readHints } from '../server/src/analysis/hints';
import { codeActions } from '../server/src/features/code-actions';
import { codeLenses } from '../server/src/features/code-lens';
import { complete } from '../server/src/features/completion';
import { explainConntrackLine } from '../server/src/features/conntrack-fields';
import { diagnosticSlices } from '../server/src/features/diagnostics';
import { hover } from '../server/src/features/hover';
import { code, fence } from '../server/src/features/markdown';
import { definition, references } from '../server/src/features/navigation';
import { semanticTokens } from '../server/src/features/semantic-tokens';
import { foldingSpans, type OutlineNode, outline } from '../server/src/features/structure';

const EVIL = 'a`[x](command:evil)<img/src=x>`*_';

const words = fc.oneof(
  fc.constantFrom(
    '*filter',
    '*nat',
    '*',
    ':INPUT',
    ':web',
    'DROP',
    '-',
    '[1:2]',
    '-A',
    '-I',
    '-P',
    '-N',
    'INPUT',
    'web',
  ),
  fc.constantFrom('-p', 'tcp', '-m', 'conntrack', '--ctstate', 'NEW,EST', '--dport', '--dport=', '22', '!', '-j', '-g'),
  fc.constantFrom('COMMIT', '"', '""', '\\', '# chainwalk:', 'role=', 'mode=dr', '\r', '\0', '\ufeff', '😀', EVIL),
  fc.string(),
);
const texts = fc.array(fc.tuple(words, fc.constantFrom(' ', '\n', '\r\n', ''))).map((parts) => parts.flat().join(''));

describe('any text', () => {
  test('every feature answers at every place', () => {
    fc.assert(
      fc.property(texts, fc.nat(), (text, seed) => {
        const document = createDocument(text);
        const offset = seed % (text.length + 1);
        hover(document, offset);
        complete(document, offset);
        definition(document, offset);
        references(document, offset, true);
        codeLenses(document);
        semanticTokens(document);
        foldingSpans(document);
        const diagnostics = [...diagnosticSlices(document, readHints(document))].flat();
        for (const { span } of diagnostics) {
          expect(span.start).toBeLessThanOrEqual(span.end);
          expect(span.end).toBeLessThanOrEqual(text.length);
        }
        codeActions(document, diagnostics, { start: offset, end: offset });
      }),
      { numRuns: 300 },
    );
  });

  test('in the outline a name stands in its node', () => {
    const check = ({ span, nameSpan, children, name }: OutlineNode) => {
      expect(name.trim()).not.toBe('');
      expect(nameSpan.start).toBeGreaterThanOrEqual(span.start);
      expect(nameSpan.end).toBeLessThanOrEqual(span.end);
      children.forEach(check);
    };
    fc.assert(fc.property(texts, (text) => outline(createDocument(text)).forEach(check)));
  });

  test('a conntrack line of any form is explained as far as it goes', () => {
    fc.assert(
      fc.property(fc.string(), (line) => {
        explainConntrackLine(line);
      }),
    );
  });
});

describe('markdown', () => {
  const ticks = fc
    .array(fc.constantFrom('`', '``', '```', 'a', ' ', '\n', '*', '](command:x)'))
    .map((all) => all.join(''));

  test('a code span ends where we end it', () => {
    fc.assert(
      fc.property(ticks, (text) => {
        const [open = ''] = /^`+/.exec(code(text)) ?? [];
        const inside = code(text).slice(open.length, -open.length);
        expect(inside).not.toMatch(/\n/);
        expect([...inside.matchAll(/`+/g)].map(([run]) => run)).not.toContain(open);
        expect(inside).not.toMatch(/^`|`$/);
      }),
    );
  });

  test('a fence ends where we end it', () => {
    fc.assert(
      fc.property(ticks, (text) => {
        const lines = fence('iptables', text).split('\n');
        const closing = lines.at(-1) ?? '';
        expect(lines.slice(1, -1).some((line) => line.trim().startsWith(closing))).toBe(false);
      }),
    );
  });

  test.each([
    `*filter\n:${EVIL} - [0:0]\n-A INPUT -j ${EVIL}\nCOMMIT\n`,
    `*filter\n-A INPUT -m ${EVIL} -j ACCEPT\nCOMMIT\n`,
    `*${EVIL}\n:INPUT ${EVIL} [0:0]\n`,
    `*filter\n-A INPUT -i ${EVIL} -p ${EVIL} -m conntrack --ctstate ${EVIL}\nCOMMIT\n`,
  ])('what a ruleset says is code, never markup: %j', (text) => {
    const document = createDocument(text);
    for (let offset = 0; offset <= text.length; offset++) {
      const hovered = hover(document, offset)?.markdown ?? '';
      const completed = complete(document, offset)?.items.map(({ documentation }) => documentation) ?? [];
      for (const markdown of [hovered, ...completed]) {
        expect(withoutCode(markdown)).not.toMatch(/command:|<img/);
      }
    }
  });
});

/** Markdown without its fences and code spans (CommonMark §6.1: a span ends at a run of as many backticks). */
function withoutCode(markdown: string): string {
  return markdown.replace(/^(`{3,})\w[\s\S]*?^\1$/gm, '').replace(/(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, '');
}
