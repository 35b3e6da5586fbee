/** `chainwalk explain CODE`: the page of a lint rule. */

import { rulePage } from '../lint/page';
import { findLintRule, LINT_RULES } from '../lint/registry';
import { didYouMean } from '../syntax/suggest';
import { markdownText } from './markdown-text';
import { printable } from './style';
import type { Terminal } from './terminal';

/** @returns 0, or 2 where there is no such rule. */
export async function explainCode(code: string, terminal: Terminal): Promise<number> {
  const rule = findLintRule(code);
  if (rule === undefined) {
    const codes = LINT_RULES.map((one) => one.code);
    terminal.complain(`no page for "${printable(code)}"${didYouMean(code, codes)}; there are: ${codes.join(', ')}`);
    return 2;
  }
  await terminal.write(markdownText(rulePage(rule), terminal.color));
  return 0;
}
