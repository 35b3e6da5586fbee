/** What a target does, as a verb: "accepts", "sends to own". */
import type { TargetUse } from '../../../src-sim/netfilter/ruleset';
import { effectOf } from '../analysis/rule-packets';

const VERBS: { readonly [kind: string]: string } = {
  accept: 'accepts',
  drop: 'drops',
  reject: 'rejects',
  return: 'returns',
};

export function targetText(target: TargetUse): string {
  if (target.kind === 'none') return 'counts';
  if (target.kind !== 'target') return `sends to ${target.chain}`;
  return VERBS[effectOf(target)?.kind ?? ''] ?? `gives to ${target.name}`;
}
