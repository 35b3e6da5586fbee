/** What becomes of more packets than a limit takes at once: a flood of new flows, or within one. */
import type { ScenarioPacket } from '../../../src-sim/sim/scenario';
import type { Fate, PacketResult } from '../../../src-sim/sim/trace';
import type { RuleRef } from '../analysis/rule-packets';
import { arrivingPacket, refOf } from './arriving-packet';
import type { LintContext } from './define';
import type { Witness } from './finding';
import { matchOf, optionOf, type RuleLine, ruleLines } from './rule-lines';
import { fatesOf, hostFor, scenarioPacket } from './witness';

const DEFAULT_BURST = 5;
/** Larger bursts are not tried. */
const MOST_PACKETS = 260;

export interface Flood {
  readonly witness: Witness;
  /** The packets that the burst still had room for. */
  readonly isFirstAccepted: boolean;
  readonly isLastAccepted: boolean;
  /** The rule takes the last one as well: it was not beyond the limit. */
  readonly isLastWithin: boolean;
  /** The last one was denied by a rule, not by a policy. */
  readonly isLastDeniedByRule: boolean;
}

/** Each question runs the simulator: a file with more limits than this is made by a machine. */
const MOST_ASKED = 60;

export function limitedRules({ document }: LintContext): readonly RuleLine[] {
  return ruleLines(document).matching('limit').slice(0, MOST_ASKED);
}

/** The same with a limit for each sender, or the like. */
export function hashLimitedRules({ document }: LintContext): readonly RuleLine[] {
  const rules = ruleLines(document).matching('hashlimit');
  return rules.filter((rule) => optionOf(matchOf(rule, 'hashlimit'), 'hashlimit-upto')).slice(0, MOST_ASKED);
}

/** @param kind `flows`: each packet is the first of a flow of its own; `one-flow`: all belong to one. */
export function floodOf(context: LintContext, rule: RuleLine, kind: 'flows' | 'one-flow'): Flood | undefined {
  const limit = matchOf(rule, 'limit') ?? matchOf(rule, 'hashlimit');
  const burst = optionOf(limit, 'limit-burst', 'hashlimit-burst')?.value ?? DEFAULT_BURST;
  const ref = refOf(context, rule);
  const arriving = ref && arrivingPacket(context, [ref]);
  if (arriving === undefined || typeof burst !== 'number' || burst + 2 > MOST_PACKETS) return undefined;
  const { packet, way } = arriving;
  const one = scenarioPacket(packet, way);
  const packets = Array.from({ length: burst + 2 }, (_, index) => (kind === 'flows' ? inFlow(one, index) : one));
  const host = hostFor(packet, way, context.hints);
  const fates = fatesOf(context.ruleset, { host, packets });
  const [first] = fates ?? [];
  const last = fates?.at(-1);
  if (first === undefined || last === undefined || ref === undefined || !isMet(first.result, ref)) return undefined;
  const harm = last.isAccepted ? 'accepted' : 'denied';
  const witness: Witness = { host, packets, victim: packets.length - 1, harm };
  return {
    witness,
    isFirstAccepted: first.isAccepted,
    isLastAccepted: last.isAccepted,
    isLastWithin: isMet(last.result, ref),
    isLastDeniedByRule: isDeniedByRule(last.result.fate),
  };
}

/** Who is let through before is not limited at all. */
function isMet({ steps }: PacketResult, { table, chain, number }: RuleRef): boolean {
  return steps.some(
    (step) =>
      step.kind === 'rule' && step.matched && step.table === table && step.chain === chain && step.number === number,
  );
}

function isDeniedByRule(fate: Fate): boolean {
  return 'where' in fate && typeof fate.where === 'string' && fate.where.includes(':rule:');
}

/** The same packet in another flow: with another client's port, or another id of the echo. */
function inFlow(packet: ScenarioPacket, index: number): ScenarioPacket {
  if (packet.icmp) return { ...packet, icmp: { ...packet.icmp, id: index + 1 } };
  return packet.sport === undefined || packet.sport < 1024 ? packet : { ...packet, sport: packet.sport + index };
}
