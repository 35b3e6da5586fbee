/** Flows that a chain of the filter table lets begin, and then cuts: candidates, that the simulator confirms. */
import { type Box, subtractBox } from '../analysis/packet-set';
import type { LintContext } from './define';
import type { Witness } from './finding';
import { flowShapes, openingsOfAnswer, openingsOfNext } from './flow-shapes';
import { flowWitness } from './flow-witness';
import { suffersAs } from './harm';
import { decidedBy, isAcceptedByRule, isDeniedByDefault, mayDenyByDefault, type Outcome, outcomesOf } from './outcomes';
import { ordinaryTraffic } from './outside';
import { pickPacket } from './pick-packet';
import { isOneWay } from './untracked-flows';
import { MIRROR_WAY, type WayName } from './way';
import { fateOf } from './witness';

/** So many candidates of one finding are put to the simulator. */
const MOST_TRIES = 6;

export interface BrokenFlow {
  readonly way: WayName;
  /** How the opening packet gets through, and how a later one does not. */
  readonly opened: Outcome;
  readonly denied: Outcome;
  readonly openings: Box;
  /** Which packet of the flow is denied. */
  readonly victim: 'answer' | 'next';
}

/** Flows whose opener's next packet is denied by the chain that let them begin; in FORWARD, or whose answer is. */
export function cutOnTheirWay(context: LintContext, way: WayName): readonly BrokenFlow[] {
  if (!mayDenyByDefault(context, way)) return [];
  return flowShapes(context.ruleset.family).flatMap(({ opening, answer, next }) => {
    const opened = () => openedBy(context, way, opening);
    const answers = way === 'FORWARD' ? unanswered(context, opened, answer) : [];
    return [...denied(context, opened, way, next, 'next'), ...answers];
  });
}

/** Flows that begin on a way, and whose answers the other way denies. */
export function cutOnTheWayBack(context: LintContext, way: WayName): readonly BrokenFlow[] {
  if (!mayDenyByDefault(context, MIRROR_WAY[way])) return [];
  return flowShapes(context.ruleset.family).flatMap(({ opening, answer }) =>
    denied(context, () => openedBy(context, way, opening), MIRROR_WAY[way], answer, 'answer').map((flow) => ({
      ...flow,
      way,
    })),
  );
}

/** The first of the flows that the simulator confirms. */
export function confirmBroken(
  context: LintContext,
  flows: readonly BrokenFlow[],
): { readonly flow: BrokenFlow; readonly witness: Witness } | undefined {
  const walker = context.walker();
  for (const flow of flows.slice(0, MOST_TRIES)) {
    const box = flow.way === 'FORWARD' ? ordinaryTraffic(walker, flow.openings) : flow.openings;
    const packet = box && pickPacket(walker.space, box, flow.way);
    const witness = packet && flowWitness(packet, flow.way, context.hints, flow.victim);
    const begins = witness && fateOf(context.ruleset, { ...witness, victim: 0 })?.isAccepted;
    if (witness && begins && suffersAs(context.ruleset, witness, 'ESTABLISHED')) return { flow, witness };
  }
  return undefined;
}

function openedBy(context: LintContext, way: WayName, opening: Box): readonly Outcome[] {
  return (outcomesOf(context, way, opening, 'NEW') ?? []).filter(isAcceptedByRule);
}

/**
 * As many as are tried: every rule that opens, with every rule that denies, would be very many.
 *
 * @param opened asked last: where the rest of a flow is let through early, nobody need know what every rule opens
 */
function denied(
  context: LintContext,
  opened: () => readonly Outcome[],
  way: WayName,
  shape: Box,
  victim: BrokenFlow['victim'],
): readonly BrokenFlow[] {
  const outcomes = (outcomesOf(context, way, shape, 'ESTABLISHED') ?? []).filter((one) => isDeniedByDefault(one, way));
  if (outcomes.length === 0) return [];
  const begun = opened();
  const turned = victim === 'next' ? openingsOfNext : openingsOfAnswer;
  const flows: BrokenFlow[] = [];
  for (const outcome of outcomes) {
    for (const one of begun) {
      const openings = turned(one.box, outcome.box);
      if (openings === undefined || (victim === 'answer' && isOneWay(openings))) continue;
      flows.push({ way, opened: one, denied: outcome, openings, victim });
      if (flows.length === MOST_TRIES) return flows;
    }
  }
  return flows;
}

/** Forwarded flows whose answers are denied by whatever interface they come: rules do not tell by which they do. */
function unanswered(context: LintContext, opened: () => readonly Outcome[], answer: Box): readonly BrokenFlow[] {
  const outcomes = outcomesOf(context, 'FORWARD', answer, 'ESTABLISHED') ?? [];
  const welcome = outcomes
    .filter((outcome) => !isDeniedByDefault(outcome, 'FORWARD'))
    .map(({ box: { in: _, out: __, ...box } }) => box);
  const { space } = context.walker();
  return denied(context, opened, 'FORWARD', answer, 'answer').flatMap((flow) => {
    const headers = welcome.flatMap((box) => openingsOfAnswer(flow.openings, box) ?? []);
    const rest = headers.reduce((boxes, box) => boxes.flatMap((one) => subtractBox(space, one, box)), [
      flow.openings,
    ] as readonly Box[]);
    return rest.map((openings) => ({ ...flow, openings }));
  });
}

/** The rule that let the flow begin. */
export function openerOf({ way, opened }: BrokenFlow) {
  return decidedBy(opened, way).at(-1);
}
