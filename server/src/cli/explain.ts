/** `chainwalk explain CODE`: the page of a lint rule. */

import type { LintRule } from '../lint/define';
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

function rulePage({ code, title, docs, bad }: LintRule): string {
  const example = bad[0] === undefined ? [] : ['## Example', '```', bad[0].code.trimEnd(), '```'];
  const parts = [
    `# ${title} (${code})`,
    docs.what,
    '## Why',
    docs.why,
    '## Instead',
    docs.instead,
    ...example,
    '## When to suppress it',
    docs.suppress,
  ];
  return parts.join('\n\n');
}
