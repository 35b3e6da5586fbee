import { describe, expect, it } from 'vitest';
import { createDocument, lineAt } from '../server/src/analysis/document';
import { NO_HINTS } from '../server/src/analysis/hints';
import { defineRule } from '../server/src/lint/define';
import { ruleSpan } from '../server/src/lint/places';
import { lint } from '../server/src/lint/run';

/** Finds every rule, so that only suppressions decide. */
const everyRule = (code: string) =>
  defineRule({
    code,
    title: '',
    severity: 'warning',
    group: 'state',
    proof: 'packets',
    docs: { what: '', why: '', instead: '', suppress: '' },
    kernel: [],
    bad: [],
    good: [],
    on: { rule: (ref, { document }) => [{ span: ruleSpan(document, ref), message: '', related: [], fixes: [] }] },
  });

function linesFound(text: string): readonly string[] {
  const document = createDocument(text);
  const found = lint(document, NO_HINTS, { rules: [everyRule('one'), everyRule('two')] });
  return found.map(({ code, span }) => `${lineAt(document, span.start) + 1} ${code}`);
}

const rules = (...lines: readonly string[]) => ['*filter', ...lines, 'COMMIT', ''].join('\n');

describe('a suppression', () => {
  it('of the next line silences its codes there, and nowhere else', () => {
    const text = rules('# chainwalk-disable-next-line one -- it is meant', '-A INPUT -j ACCEPT', '-A INPUT -j DROP');
    expect(linesFound(text)).toEqual(['3 two', '4 one', '4 two']);
  });

  it('may name several codes, and have comments between itself and the line', () => {
    const text = rules('#chainwalk-disable-next-line one, two', '# and why', '', '-A INPUT -j ACCEPT');
    expect(linesFound(text)).toEqual([]);
  });

  it('of a block ends where it is enabled again', () => {
    const text = rules(
      '-A INPUT -j ACCEPT',
      '# chainwalk-disable one -- an old part',
      '-A INPUT -j ACCEPT',
      '# chainwalk-enable one',
      '-A INPUT -j DROP',
    );
    expect(linesFound(text)).toEqual(['2 one', '2 two', '4 two', '6 one', '6 two']);
  });

  it.each([
    '# chainwalk-disable-next-line',
    '# chainwalk-disable-next-line -- one',
    '# disable-next-line one',
    '# chainwalk-disable-line one',
  ])('must name a code: "%s"', (comment) => {
    expect(linesFound(rules(comment, '-A INPUT -j ACCEPT'))).toEqual(['3 one', '3 two']);
  });
});
