import { describe, expect, it } from 'vitest';
import { createDocument, lineAt } from '../server/src/analysis/document';
import { NO_HINTS } from '../server/src/analysis/hints';
import { defineRule } from '../server/src/lint/define';
import { ruleSpan } from '../server/src/lint/places';
import { lint, lintSlices } from '../server/src/lint/run';
import { Suppressions } from '../server/src/lint/suppress';

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

  it('of the file holds everywhere', () => {
    const text = rules('-A INPUT -j ACCEPT', '# chainwalk-disable-file two -- a template', '-A INPUT -j DROP');
    expect(linesFound(text)).toEqual(['2 one', '4 one']);
  });

  it.each(['state', 'all'])('may name "%s"', (name) => {
    expect(linesFound(rules(`# chainwalk-disable-next-line ${name}`, '-A INPUT -j ACCEPT'))).toEqual([]);
    const block = rules(`# chainwalk-disable ${name}`, '# chainwalk-enable one', '-A INPUT -j ACCEPT');
    expect(linesFound(block)).toEqual(['4 one']);
  });

  it('is not obeyed where it is to be ignored', () => {
    const document = createDocument(rules('# chainwalk-disable-file all', '-A INPUT -j ACCEPT'));
    const options = { rules: [everyRule('one')], suppressions: 'ignored' } as const;
    expect(lint(document, NO_HINTS, options)).toHaveLength(1);
  });

  it('leaves its reason on what it silences', () => {
    const document = createDocument(rules('# chainwalk-disable-file one -- why  not', '-A INPUT -j ACCEPT'));
    const [finding] = [...lintSlices(document, NO_HINTS, { rules: [everyRule('one')] })].flat();
    expect(finding?.suppressed).toEqual({ reason: 'why  not' });
  });

  it.each([
    '# chainwalk-disable-next-line',
    '# chainwalk-disable-next-line -- one',
    '# disable-next-line one',
    '# chainwalk-disable-line one',
    '# chainwalk-constructor one',
  ])('must name a code: "%s"', (comment) => {
    expect(linesFound(rules(comment, '-A INPUT -j ACCEPT'))).toEqual(['3 one', '3 two']);
  });
});

describe('what a suppression did', () => {
  /** `name used?`, after the rules `one` and `two` have run. */
  function usesIn(text: string): readonly string[] {
    const document = createDocument(text);
    const ran = [everyRule('one'), everyRule('two')];
    const suppressions = new Suppressions(document, ran);
    for (const rule of ran) {
      const findings = lint(document, NO_HINTS, { rules: [rule], suppressions: 'ignored' });
      suppressions.marked(rule, findings);
    }
    return suppressions.uses().map(({ name, isUsed }) => `${name.text} ${isUsed}`);
  }

  it('is counted for each name', () => {
    const text = rules('# chainwalk-disable-next-line one, other, nat', '-A INPUT -j ACCEPT');
    expect(usesIn(text)).toEqual(['one true', 'other undefined', 'nat undefined']);
  });

  it('is nothing where the rule finds nothing', () => {
    expect(usesIn(rules('-A INPUT -j ACCEPT', '# chainwalk-disable two'))).toEqual(['two false']);
    expect(usesIn(rules('-A INPUT -j ACCEPT', '# chainwalk-disable-next-line all'))).toEqual(['all false']);
  });

  it('an end needs a beginning', () => {
    const text = rules(
      '# chainwalk-disable one',
      '-A INPUT -j ACCEPT',
      '# chainwalk-enable state',
      '# chainwalk-enable two',
    );
    expect(usesIn(text)).toEqual(['one true', 'state true', 'two false']);
  });
});
