/** Flows that a chain of the filter table lets begin, and then cuts: candidates, that the simulator confirms. */
import type { Box } from '../analysis/packet-set';
import type { LintContext } from './define';
import type { Witness } from './finding';
import { flowShapes, openingsOfAnswer, openingsOfNext } from './flow-shapes';
import { flowWitness } from './flow-witness';
import { suffersAs } from './harm';
import { decidedBy, isAcceptedByRule, isDenied, type Outcome, outcomesOf } from './outcomes';
import { ordinaryTraffic } from './outside';
import { pickPacket } from './pick-packet';
import { isOneWay } from './untracked-flows';
import { MIRROR_WAY, type WayName } from './way';

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
  return flowShapes(context.ruleset.family).flatMap(({ opening, answer, next }) => {
    const opened = openedBy(context, way, opening);
    const later = deniedIn(context, opened, way, next).flatMap((pair) => broken(way, pair, 'next'));
    const answers = way === 'FORWARD' ? deniedIn(context, opened, way, answer) : [];
    return [...later, ...answers.flatMap((pair) => broken(way, pair, 'answer'))];
  });
}

/** Flows that begin on a way, and whose answers the other way denies. */
export function cutOnTheWayBack(context: LintContext, way: WayName): readonly BrokenFlow[] {
  return flowShapes(context.ruleset.family).flatMap(({ opening, answer }) => {
    const opened = openedBy(context, way, opening);
    return deniedIn(context, opened, MIRROR_WAY[way], answer).flatMap((pair) => broken(way, pair, 'answer'));
  });
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
    if (witness && suffersAs(context.ruleset, witness, 'ESTABLISHED')) return { flow, witness };
  }
  return undefined;
}

function openedBy(context: LintContext, way: WayName, opening: Box): readonly Outcome[] {
  return (outcomesOf(context, way, opening, 'NEW') ?? []).filter(isAcceptedByRule);
}

interface Pair {
  readonly opened: Outcome;
  readonly denied: Outcome;
}

function deniedIn(context: LintContext, opened: readonly Outcome[], way: WayName, shape: Box): readonly Pair[] {
  if (opened.length === 0) return [];
  const outcomes = outcomesOf(context, way, shape, 'ESTABLISHED') ?? [];
  const denied = outcomes.filter((outcome) => outcome.certain && isDenied(outcome));
  return opened.flatMap((one) => denied.map((other) => ({ opened: one, denied: other })));
}

function broken(way: WayName, { opened, denied }: Pair, victim: 'answer' | 'next'): readonly BrokenFlow[] {
  const openings =
    victim === 'next' ? openingsOfNext(opened.box, denied.box) : openingsOfAnswer(opened.box, denied.box);
  if (openings === undefined || (victim === 'answer' && isOneWay(openings))) return [];
  return [{ way, opened, denied, openings, victim }];
}

/** The rule that let the flow begin. */
export function openerOf({ way, opened }: BrokenFlow) {
  return decidedBy(opened, way).at(-1);
}
