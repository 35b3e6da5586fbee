/** What a lint rule says to one of its own examples: its page and its tests ask. */
import { NOTHING_BESIDE } from '../analysis/beside';
import { createDocument } from '../analysis/document';
import { readHints } from '../analysis/hints';
import type { GoodExample, LintRule } from './define';
import type { Finding } from './finding';
import { LINT_RULES } from './registry';
import { lint } from './run';

/** @param text the example's, without caret lines */
export function exampleFindings(
  rule: LintRule,
  text: string,
  { family, beside = NOTHING_BESIDE }: GoodExample,
): readonly Finding[] {
  const document = createDocument(text, family && { family });
  // What a comment silences only the rules that it names can tell.
  const rules = rule.on.suppressions === undefined ? [rule] : [...LINT_RULES.filter((one) => one !== rule), rule];
  return lint(document, readHints(document), { rules, beside }).filter(({ code }) => code === rule.code);
}
