/** The fix that puts a rule before the one that hides it. */
import type { Box } from '../analysis/packet-set';
import type { RuleRef } from '../analysis/rule-packets';
import { scopeOf } from './dead-report';
import { type LintContext, nameOf } from './define';
import type { Fix } from './finding';
import { moveBefore } from './places';

/** @param packets those that the rule would take then */
export function moveAbove(context: LintContext, ref: RuleRef, hider: RuleRef, packets: Box): readonly Fix[] {
  if (hider.chain !== ref.chain || hider.table !== ref.table) return [];
  const edits = moveBefore(context.document, ref, hider);
  if (edits === undefined) return [];
  const scope = scopeOf(context.walker().space, packets);
  return [{ title: `Move it before ${nameOf(hider)}`, edits, safe: false, scope }];
}
