/** The page of whatever a finding may be called. */
import { rulePage } from './page';
import { refusalText } from './refusals/page';
import { findRefusal } from './refusals/registry';
import { findLintRule } from './registry';

/** Markdown; undefined for what is neither a lint rule nor a kind of refusal. */
export function findPage(code: string): string | undefined {
  const rule = findLintRule(code);
  if (rule) return rulePage(rule);
  const refusal = findRefusal(code);
  return refusal && refusalText(refusal, '#');
}
