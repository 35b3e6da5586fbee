/** Asks the simulator whether a loss is real: lost with the ruleset as it is, accepted if nothing were un-tracked. */
import type { CtState } from '../../../src-sim/conntrack/entry';
import { NO_COUNTERS, type Rule, type Ruleset } from '../../../src-sim/netfilter/ruleset';
import { conntrack } from '../../../src-sim/xt/conntrack';
import { ACCEPT } from '../../../src-sim/xt/standard';
import type { Hints } from '../analysis/hints';
import { effectOf, type Walker } from '../analysis/rule-packets';
import type { Witness } from './finding';
import { ordinaryTraffic } from './outside';
import { pickPacket } from './pick-packet';
import type { HalfTracked, UntrackedLoss } from './untracked-flows';
import { MIRROR_WAY, type WayName } from './way';
import { answerTo, fateOf, hostFor, scenarioPacket } from './witness';

/** @returns the packets that show it, or undefined where the simulator does not agree. */
export function confirmLoss(walker: Walker, loss: UntrackedLoss, hints: Hints): Witness | undefined {
  const witness = makeWitness(walker, loss, hints);
  if (witness === undefined) return undefined;
  const now = fateOf(walker.ruleset, witness);
  if (now === undefined || now.isAccepted || !isDeniedByFilter(now.result.fate)) return undefined;
  const tracked = allTracked(walker.ruleset);
  const opening = { ...witness, victim: 0 };
  const isAccepted =
    fateOf(tracked, witness)?.isAccepted ||
    // The flow begins as it is: what accepts its first packet, un-tracked, would be written otherwise for a tracked one.
    (loss.as === 'ESTABLISHED' &&
      fateOf(walker.ruleset, opening)?.isAccepted &&
      fateOf(openTo(tracked, MIRROR_WAY[loss.way]), witness)?.isAccepted);
  return isAccepted ? witness : undefined;
}

function makeWitness(walker: Walker, loss: UntrackedLoss, hints: Hints): Witness | undefined {
  const { way } = loss;
  const box = way === 'FORWARD' ? ordinaryTraffic(walker, loss.victims) : loss.victims;
  const victim = box && pickPacket(walker.space, box, way, loss.as === 'NEW' ? 'opening' : 'answer');
  if (victim === undefined) return undefined;
  if (loss.as === 'NEW') {
    return { host: hostFor(victim, way, hints), packets: [scenarioPacket(victim, way)], victim: 0, harm: 'denied' };
  }
  // What is accepted as ESTABLISHED answers something.
  const opening = answerTo(victim);
  const packets = [scenarioPacket(opening, MIRROR_WAY[way], 'S'), scenarioPacket(victim, way, 'SA')];
  return { host: hostFor(opening, MIRROR_WAY[way], hints), packets, victim: 1, harm: 'denied' };
}

function isDeniedByFilter(fate: { readonly kind: string; readonly where?: string }): boolean {
  return fate.where?.startsWith('filter:') ?? false;
}

/** An un-tracked packet and its answer, which conntrack takes for a beginning, or for rubbish. */
export function confirmHalf(walker: Walker, half: HalfTracked, hints: Hints): HalfWitness | undefined {
  const { way, openings } = half;
  const box = way === 'FORWARD' ? ordinaryTraffic(walker, openings) : openings;
  const opening = box && pickPacket(walker.space, box, way);
  if (opening === undefined) return undefined;
  const packets = [scenarioPacket(opening, way, 'S'), scenarioPacket(answerTo(opening), MIRROR_WAY[way], 'SA')];
  const witness: Witness = { host: hostFor(opening, way, hints), packets, victim: 1, harm: 'misjudged' };
  const begins = fateOf(walker.ruleset, { ...witness, victim: 0 });
  const state = stateIn(walker.ruleset, witness);
  if (!begins?.isAccepted || (state !== 'NEW' && state !== 'INVALID')) return undefined;
  const tracked = openTo(allTracked(walker.ruleset), way);
  return stateIn(tracked, witness) === 'ESTABLISHED' ? { witness, state } : undefined;
}

export interface HalfWitness {
  readonly witness: Witness;
  readonly state: 'NEW' | 'INVALID';
}

function stateIn(ruleset: Ruleset, witness: Witness): CtState | undefined {
  return fateOf(ruleset, witness)?.result.steps.find((step) => step.kind === 'conntrack')?.state;
}

/** The ruleset with a rule that lets flows begin on a way. */
function openTo(ruleset: Ruleset, way: WayName): Ruleset {
  const state = { name: conntrack.name, options: { ctstate: { value: ['NEW'], inverted: false } } };
  const target = { kind: 'target' as const, name: ACCEPT.name, options: {} };
  const accept: Rule = { matches: [state], target, counters: NO_COUNTERS, line: 0 };
  const tables = ruleset.tables.map((table) => ({
    ...table,
    chains: table.chains.map((chain) =>
      table.name === 'filter' && chain.name === way ? { ...chain, rules: [accept, ...chain.rules] } : chain,
    ),
  }));
  return { ...ruleset, tables };
}

const allTrackedOf = new WeakMap<Ruleset, Ruleset>();

/** The ruleset without the rules that take packets out of conntrack. */
function allTracked(ruleset: Ruleset): Ruleset {
  const known = allTrackedOf.get(ruleset) ?? withoutUntracking(ruleset);
  allTrackedOf.set(ruleset, known);
  return known;
}

function withoutUntracking(ruleset: Ruleset): Ruleset {
  const tables = ruleset.tables.map((table) => ({
    ...table,
    chains: table.chains.map((chain) => ({
      ...chain,
      rules: chain.rules.filter(({ target }) => effectOf(target)?.kind !== 'untrack'),
    })),
  }));
  return { ...ruleset, tables };
}
