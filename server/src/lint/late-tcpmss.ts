/** TCPMSS rules behind one that accepts the SYNs that they are for. */

import type { Rule } from '../../../src-sim/netfilter/ruleset';
import { findChain } from '../analysis/find-chain';
import { effectOf, type RuleRef } from '../analysis/rule-packets';
import { arrivingPacket } from './arriving-packet';
import type { LintContext } from './define';
import type { Witness } from './finding';
import { suffers } from './harm';
import { hostFor, scenarioPacket } from './witness';

export interface LateTcpmss {
  readonly above: RuleRef;
  readonly witness: Witness;
}

/** Rules above that are looked at: in a longer chain the first that accepts is reason enough. */
const MOST_ABOVE = 60;

export function lateTcpmss(context: LintContext, ref: RuleRef): LateTcpmss | undefined {
  const { target } = ref.rule;
  if (target.kind !== 'target' || target.name !== 'TCPMSS') return undefined;
  for (const above of acceptsAbove(context, ref)) {
    const witness = missedBecauseOf(context, ref, above);
    if (witness) return { above, witness };
  }
  return undefined;
}

/** In the chain itself, and in the chains that are jumped to from there. */
function acceptsAbove(context: LintContext, { table, chain, number }: RuleRef): readonly RuleRef[] {
  const above = refsIn(context, table, chain).slice(0, number - 1);
  const inside = above.flatMap(({ rule }) => chainsOf(rule).flatMap((name) => refsIn(context, table, name)));
  return [...above, ...inside].filter(({ rule }) => effectOf(rule.target)?.kind === 'accept').slice(0, MOST_ABOVE);
}

function chainsOf({ target }: Rule): readonly string[] {
  return target.kind === 'jump' || target.kind === 'goto' ? [target.chain] : [];
}

function refsIn({ ruleset }: LintContext, table: RuleRef['table'], chain: string): readonly RuleRef[] {
  const rules = findChain(ruleset, table, chain)?.rules ?? [];
  return rules.map((rule, index): RuleRef => ({ table, chain, number: index + 1, rule }));
}

/** A SYN that both rules are for, and the earlier one takes. */
function missedBecauseOf(context: LintContext, ref: RuleRef, above: RuleRef): Witness | undefined {
  const arriving = arrivingPacket(context, [above, ref]);
  if (arriving === undefined) return undefined;
  const { packet, way } = arriving;
  const { table, chain } = ref;
  const scenario = { host: hostFor(packet, way, context.hints), packets: [scenarioPacket(packet, way)], victim: 0 };
  const missed: Witness = { ...scenario, harm: 'missed', rule: { table, chain, number: ref.number } };
  const taken: Witness = {
    ...scenario,
    harm: 'taken',
    rule: { table, chain: above.chain, number: above.number },
  };
  return suffers(context.ruleset, missed) && suffers(context.ruleset, taken) ? missed : undefined;
}
