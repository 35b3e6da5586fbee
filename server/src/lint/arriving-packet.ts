/** A packet that a rule is for, and how it gets there: what questions about one rule are asked with. */

import type { Table } from '../../../src-sim/netfilter/ruleset';
import { chainIn, findChain } from '../analysis/find-chain';
import { intersectBoxes } from '../analysis/packet-set';
import { packetsOfPath, type RuleRef } from '../analysis/rule-packets';
import type { LintContext } from './define';
import { callersIn } from './jump-path';
import { type PickedPacket, pickPacket } from './pick-packet';
import type { RuleLine } from './rule-lines';
import { startOf, type WayName } from './way';

export interface ArrivingPacket {
  readonly packet: PickedPacket;
  readonly way: WayName;
}

/** The rule as the kernel holds it; the first, where a list of addresses makes several. */
export function refOf({ ruleset }: LintContext, { table, chain, number }: RuleLine): RuleRef | undefined {
  const rules = findChain(ruleset, table, chain)?.rules;
  const index = rules?.findIndex(({ line }) => line === number) ?? -1;
  const rule = rules?.[index];
  return rule && { table, chain, number: index + 1, rule };
}

const WAYS: Readonly<Record<string, readonly WayName[]>> = {
  PREROUTING: ['INPUT', 'FORWARD'],
  INPUT: ['INPUT'],
  FORWARD: ['FORWARD'],
  OUTPUT: ['OUTPUT'],
  POSTROUTING: ['FORWARD', 'OUTPUT'],
};

/**
 * A packet that meets the conditions of the rules, and of the jumps that lead to the first of them. What stands before
 * them on the way is for the simulator to say.
 */
export function arrivingPacket(context: LintContext, rules: readonly RuleRef[]): ArrivingPacket | undefined {
  const [first] = rules;
  const table = context.ruleset.tables.find(({ name }) => name === first?.table);
  const jumps = first && table && jumpsTo(table, first.chain);
  if (jumps === undefined || first === undefined) return undefined;
  const base = jumps[0]?.chain ?? first.chain;
  for (const way of WAYS[base] ?? []) {
    const packet = packetOn(context, way, [...jumps, ...rules]);
    if (packet) return { packet, way };
  }
  return undefined;
}

function packetOn(context: LintContext, way: WayName, path: readonly RuleRef[]): PickedPacket | undefined {
  const walker = context.walker();
  const start = startOf(walker.space, way, context.hints);
  for (const { box } of packetsOfPath(walker, path, start)) {
    const narrowed = intersectBoxes(box, start);
    const packet = narrowed && pickPacket(walker.space, narrowed, way);
    if (packet) return packet;
  }
  return undefined;
}

/** Jumps from a base chain to the chain; empty for a base chain itself, undefined where none leads there. */
export function jumpsTo(
  table: Table,
  chain: string,
  seen: ReadonlySet<string> = new Set(),
): readonly RuleRef[] | undefined {
  if (chainIn(table, chain)?.policy !== undefined) return [];
  const now = new Set([...seen, chain]);
  for (const caller of callersIn(table).get(chain) ?? []) {
    const path = now.has(caller.chain) ? undefined : jumpsTo(table, caller.chain, now);
    if (path) return [...path, caller];
  }
  return undefined;
}
