import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createDocument } from '../server/src/analysis/document';
import { readHints } from '../server/src/analysis/hints';
import { readExample } from '../server/src/lint/example';
import { applyEdits } from '../server/src/lint/finding';
import { LINT_RULES } from '../server/src/lint/registry';
import { lint } from '../server/src/lint/run';

const LINES = LINT_RULES.flatMap(({ bad }) => bad.flatMap(({ code }) => readExample(code).text.split('\n')));
const WORDS = LINES.flatMap((line) => line.split(' '));

/** Lines of the examples, some with words lost, repeated or from elsewhere, in any order. */
const aLine = fc.oneof(
  { arbitrary: fc.constantFrom(...LINES), weight: 6 },
  fc.array(fc.constantFrom(...WORDS), { maxLength: 12 }).map((words) => words.join(' ')),
  fc.constantFrom(...LINES).chain((line) => fc.nat(line.length).map((end) => line.slice(0, end))),
  fc.string(),
);

it('whatever stands in a file, lint does not throw, and its spans and edits lie in the text', () => {
  fc.assert(
    fc.property(fc.array(aLine, { maxLength: 25 }), fc.constantFrom('\n', '\r\n'), (lines, ending) => {
      const text = lines.join(ending);
      const document = createDocument(text);
      for (const { span, related, fixes } of lint(document, readHints(document))) {
        for (const { start, end } of [span, ...related.map((place) => place.span)]) {
          expect(0 <= start && start <= end && end <= text.length).toBe(true);
        }
        for (const { edits } of fixes) {
          const inserted = edits.reduce((sum, edit) => sum + edit.text.length - (edit.span.end - edit.span.start), 0);
          expect(applyEdits(text, edits)).toHaveLength(text.length + inserted);
        }
      }
    }),
    { numRuns: 400 },
  );
});
