/** `chainwalk explain CODE`: the page of a lint rule, or what is said of a kind of refusal. */

import { findPage } from '../lint/find-page';
import { REFUSALS } from '../lint/refusals/registry';
import { LINT_RULES } from '../lint/registry';
import { didYouMean } from '../syntax/suggest';
import { markdownText } from './markdown-text';
import { printable } from './style';
import type { Terminal } from './terminal';

/** @returns 0, or 2 where there is no such rule. */
export async function explainCode(code: string, terminal: Terminal): Promise<number> {
  const page = findPage(code);
  if (page === undefined) {
    const codes = [...LINT_RULES, ...REFUSALS].map((one) => one.code);
    terminal.complain(`no page for "${printable(code)}"${didYouMean(code, codes)}; there are: ${codes.join(', ')}`);
    return 2;
  }
  await terminal.write(markdownText(page, terminal.color));
  return 0;
}
