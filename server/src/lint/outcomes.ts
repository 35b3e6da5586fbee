/** What becomes of sets of packets on their way through the host: what most rules about packets ask first. */
import type { Hook, TableName } from '../../../src-sim/netfilter/hook';
import type { Policy } from '../../../src-sim/netfilter/ruleset';
import { type Box, intersectBoxes } from '../analysis/packet-set';
import type { Walker } from '../analysis/rule-packets';
import { decisionIn, followHooks, freshGroup, type PacketGroup, type Way } from '../analysis/set-walk';
import type { LintContext } from './define';
import { startOf, WAY_HOOKS, type WayName } from './way';

export interface Outcome {
  readonly box: Box;
  /** False: perhaps only some of them, perhaps none, fare so. */
  readonly certain: boolean;
  readonly group: PacketGroup;
  /** By the base chain of the filter table that belongs to the way; `none` where there is none. */
  readonly verdict: 'accept' | 'drop' | 'reject' | 'unknown' | 'none';
  /** It was the policy that decided, no rule. */
  readonly byPolicy: boolean;
}

/**
 * Packets of a shape that go a way, as conntrack sees them, parted by what the filter table makes of them.
 *
 * @returns undefined where the walk gave up: then nothing can be said
 */
export function outcomesOf(
  context: LintContext,
  way: WayName,
  shape: Box,
  state: Way['tracked'][number],
  walker: Walker = context.walker(),
): readonly Outcome[] | undefined {
  const start = intersectBoxes(startOf(walker.space, way, context.hints), shape);
  if (start === undefined) return [];
  const groups = followHooks(walker, [freshGroup(walker.space, start)], { hooks: WAY_HOOKS[way], tracked: [state] });
  if (walker.budget < 0) return undefined;
  return groups.map((group) => outcomeOf(group, way));
}

function outcomeOf(group: PacketGroup, way: WayName): Outcome {
  const { box, certain } = group;
  const denied = group.decisions.find(({ verdict }) => verdict === 'drop' || verdict === 'reject');
  const decision = denied ?? decisionIn(group, 'filter', way);
  const verdict = decision?.verdict ?? 'none';
  return { box, certain, group, verdict, byPolicy: decision !== undefined && decision.path.length === 0 };
}

/** The policy of a base chain; undefined where the ruleset does not name its table. */
export function policyOf({ ruleset }: LintContext, table: TableName, hook: Hook): Policy | undefined {
  const chains = ruleset.tables.find(({ name }) => name === table)?.chains;
  return chains?.find(({ name }) => name === hook)?.policy;
}
