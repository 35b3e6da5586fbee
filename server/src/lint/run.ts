/** Runs the lint rules over a document: one walk for all of them. */
import { type Beside, NOTHING_BESIDE } from '../analysis/beside';
import type { Document } from '../analysis/document';
import type { Hints } from '../analysis/hints';
import { lower } from '../analysis/lower';
import { createWalker, type Walker } from '../analysis/rule-packets';
import type { LintContext, LintRule, Report } from './define';
import type { Finding } from './finding';
import { LINT_RULES } from './registry';
import { withoutSuppressed } from './suppress';

export interface LintOptions {
  readonly rules?: readonly LintRule[];
  readonly beside?: Beside;
}

/** In the order of the text, without what the file suppresses. */
export function lint(
  document: Document,
  hints: Hints,
  { rules = USUAL_RULES, beside = NOTHING_BESIDE }: LintOptions = {},
): readonly Finding[] {
  const context = lintContext(document, hints, beside);
  const findings = rules.flatMap((rule) => finding(rule, rule.on.ruleset?.(context) ?? []));
  const perRule = rules.filter((rule) => rule.on.rule !== undefined);
  for (const { name: table, chains } of context.ruleset.tables) {
    for (const { name: chain, rules: iptablesRules } of chains) {
      for (const [index, rule] of iptablesRules.entries()) {
        const ref = { table, chain, number: index + 1, rule };
        findings.push(...perRule.flatMap((one) => finding(one, one.on.rule?.(ref, context) ?? [])));
      }
    }
  }
  const sorted = findings.sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
  return withoutSuppressed(document, sorted);
}

const USUAL_RULES = LINT_RULES.filter(({ offByDefault }) => offByDefault !== true);

export function lintContext(document: Document, hints: Hints, beside: Beside): LintContext {
  const ruleset = lower(document.tree);
  let walker: Walker | undefined;
  const shared = () => {
    walker ??= createWalker(ruleset);
    return { ...walker };
  };
  return { document, ruleset, hints, beside, walker: shared };
}

function finding(rule: LintRule, reports: readonly Report[]): Finding[] {
  return reports.map((report) => ({ severity: rule.severity, ...report, code: rule.code }));
}
