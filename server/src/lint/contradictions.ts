/** Conditions that no packet can meet together: in one rule, or in the jumps that lead to it. */
import { type IntervalSet, intersect } from '../../../src-sim/net/interval-set';
import { type Dimension, domainOf, type Space } from '../analysis/packet-space';
import { ruleTest } from '../analysis/reach/rule-test';
import type { RuleRef } from '../analysis/rule-packets';

export interface Contradiction {
  readonly dimension: Dimension;
  /** The rule that leaves no value, and the one whose condition it cannot meet: the same where one is enough. */
  readonly rule: RuleRef;
  readonly against: RuleRef;
}

const ALL_STEADY = { mark: true, state: true, questions: true };

/** Undefined where the alternatives of a match are to blame, or what packets are at the hook. */
export function contradictionOn(space: Space, path: readonly RuleRef[]): Contradiction | undefined {
  const left = new Map<Dimension, { readonly set: IntervalSet; readonly by: RuleRef }>();
  for (const rule of path) {
    for (const { dimension, set } of ruleTest(space, rule.rule, ALL_STEADY).terms) {
      const known = left.get(dimension) ?? { set: domainOf(space, dimension), by: rule };
      const both = intersect(known.set, set);
      if (both.length === 0) return { dimension, rule, against: set.length === 0 ? rule : known.by };
      left.set(dimension, { set: both, by: known.by });
    }
  }
  return undefined;
}

const NAMES: { readonly [D in Dimension]?: string } = {
  protocol: 'protocol',
  src: 'source address',
  dst: 'destination address',
  sport: 'source port',
  dport: 'destination port',
  tcpFlags: 'TCP flags',
  icmp: 'ICMP type',
  in: 'input interface',
  out: 'output interface',
  state: 'state',
  mark: 'mark',
  srcType: "source address's type",
  dstType: "destination address's type",
};

export function dimensionName(dimension: Dimension): string {
  return NAMES[dimension] ?? (dimension.startsWith('question mark') ? 'mark' : `answer to "${dimension.slice(9)}"`);
}
