import { describe, expect, it } from 'vitest';
import { createDocument, lineAt } from '../server/src/analysis/document';
import { readHints } from '../server/src/analysis/hints';
import { VARIANTS } from '../server/src/analysis/variant';
import { readExample } from '../server/src/lint/example';
import { exampleFindings } from '../server/src/lint/example-findings';
import { applyEdits, type Finding, type Fix } from '../server/src/lint/finding';
import type { RuleGroup } from '../server/src/lint/groups';
import { LINT_RULES } from '../server/src/lint/registry';
import { lint } from '../server/src/lint/run';
import { guessFamily } from '../server/src/syntax/family';
import { judgeOf } from './support/fix-judge';
import { canLoad, loadError } from './support/load-ruleset';

/** Groups whose pitfalls are many-sided: one example does not show them. */
const MANY_SIDED: ReadonlySet<RuleGroup> = new Set(['state', 'notrack', 'lvs', 'nat']);

describe.each(LINT_RULES.map((rule) => [rule.code, rule] as const))('%s', (_, rule) => {
  it('has examples of both kinds', () => {
    const fewest = MANY_SIDED.has(rule.group) ? 3 : 1;
    expect(rule.bad.length).toBeGreaterThanOrEqual(fewest);
    expect(rule.good.length).toBeGreaterThanOrEqual(fewest);
  });

  describe.each(rule.bad.map((example) => [example.title, example] as const))('bad: %s', (_title, example) => {
    const { text, marks } = readExample(example.code);
    const findings = exampleFindings(rule, text, example);
    const judge = judgeOf(example);

    it('is marked where the carets are', () => {
      expect(findings.map(({ span }) => span)).toEqual(marks.map(({ span }) => span));
      for (const [index, { message }] of marks.entries()) expect(findings[index]?.message).toContain(message);
      expect(findings.length).toBeGreaterThan(0);
    });

    it.runIf(rule.proof === 'packets')('has a witness', () => {
      for (const { witness } of findings) expect(witness).toBeDefined();
    });

    it.each(findings.filter(({ witness }) => witness !== undefined))(
      'has a witness, for which the simulator speaks: $message',
      ({ witness }) => {
        expect(witness && judge.suffers(text, witness)).toBe(true);
      },
    );

    it.runIf(example.fixed !== undefined)('becomes the fixed text, in which nothing is found', () => {
      const edits = findings.flatMap(({ fixes }) => fixes[0]?.edits ?? []);
      const fixed = applyEdits(
        text,
        [...edits].sort((a, b) => a.span.start - b.span.start),
      );
      expect(fixed).toBe(example.fixed);
      expect(exampleFindings(rule, fixed, example)).toEqual([]);
    });

    it.each(fixesOf(findings).filter(({ finding }) => savesWitness(finding)))(
      '$fix.title: saves the witness',
      ({ fix, finding: { witness } }) => {
        expect(witness && judge.suffers(applyEdits(text, fix.edits), witness)).toBe(false);
      },
    );

    it.each(fixesOf(findings))('$fix.title: changes nothing for other packets', ({ fix, finding }) => {
      judge.onlyThoseInScopeFareOtherwise(text, fix, finding);
    });
  });

  it.each(rule.good.map((example) => [example.title, example] as const))('good: %s', (_title, example) => {
    expect(exampleFindings(rule, example.code, example)).toEqual([]);
  });
});

/** A fix moves rules: the one that a witness names may stand elsewhere afterwards. */
function savesWitness({ witness }: Finding): boolean {
  return witness !== undefined && witness.rule === undefined;
}

const EXAMPLES = LINT_RULES.flatMap(({ code, bad, good }) => [
  ...bad.flatMap((example) => [
    { ...example, name: `${code}, bad: ${example.title}`, refused: example.refused === true },
    ...(example.fixed === undefined
      ? []
      : [{ ...example, code: example.fixed, name: `${code}, fixed: ${example.title}`, refused: false }]),
  ]),
  ...good.map((example) => ({ ...example, name: `${code}, good: ${example.title}`, refused: false })),
]);

/** Hundreds of rulesets, each in a network namespace of its own. */
const LOADING_TAKES = 600_000;

describe.runIf(canLoad)('examples are accepted by iptables', () => {
  it.each(VARIANTS)('%s', { timeout: LOADING_TAKES }, (variant) => {
    const asked = EXAMPLES.filter((example) => example.variant === undefined || example.variant === variant);
    const wrong = asked.flatMap(({ name, code, family = guessFamily(code), beside, refused }) => {
      const error = loadError(code, { variant, family, ipsets: beside?.ipsets ?? '' });
      return (error !== undefined) === refused ? [] : [`${name}: ${error ?? 'is accepted'}`];
    });
    expect(wrong).toEqual([]);
  });
});

function fixesOf(findings: readonly Finding[]): readonly { readonly fix: Fix; readonly finding: Finding }[] {
  return findings.flatMap((finding) => finding.fixes.map((fix) => ({ fix, finding })));
}

describe('findings', () => {
  it('come in the order of the text, once each', () => {
    for (const rule of LINT_RULES) {
      for (const { code } of rule.bad) {
        const { text } = readExample(code);
        const document = createDocument(text);
        const starts = lint(document, readHints(document)).map(({ span }) => lineAt(document, span.start));
        expect(starts).toEqual([...starts].sort((a, b) => a - b));
      }
    }
  });
});
