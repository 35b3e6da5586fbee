/** A packet that a dead rule names, and an earlier one takes: as the simulator saw it. */
import type { CtState } from '../../../src-sim/conntrack/entry';
import { holds, interval, type Point, subtract } from '../../../src-sim/net/interval-set';
import { protocolName } from '../../../src-sim/net/protocol';
import type { Ruleset } from '../../../src-sim/netfilter/ruleset';
import type { HostDescription } from '../../../src-sim/sim/scenario';
import { type Box, dimensionOf, intersectBoxes } from '../analysis/packet-set';
import { CT_STATES, NO_DEVICE, type Space } from '../analysis/packet-space';
import type { Sample } from '../analysis/reach/reachability';
import type { RuleRef } from '../analysis/rule-packets';
import type { LintContext } from './define';
import type { Witness } from './finding';
import { type PickedPacket, pickPacket } from './pick-packet';
import type { WayName } from './way';
import { fateOf, hostFor, scenarioPacket } from './witness';
import { setsFor } from './witness-sets';

/** What the packet is to conntrack, and how a TCP segment of it looks. */
const STAGES: readonly (readonly [CtState, string])[] = [
  ['NEW', 'S'],
  ['ESTABLISHED', 'A'],
  ['INVALID', 'SA'],
];

/**
 * @param by rules of which one takes it
 * @returns undefined where no single packet shows it: in states that need more than that, in sets that nobody knows
 */
export function deadWitness(
  context: LintContext,
  ref: RuleRef,
  by: readonly RuleRef[],
  sample: Sample,
): Witness | undefined {
  if (!mayAsk(context.ruleset)) return undefined;
  const { space } = context.walker();
  const way = wayOf(sample);
  for (const [state, flags] of STAGES) {
    const box = intersectBoxes(sample.box, { state: stateSet(state), ...interfacesOf(space, sample.box, way) });
    const packet = box && pickPacket(space, box, way);
    if (box === undefined || packet === undefined) continue;
    const host = hostOf(context, packet, way, box, state);
    const rule = { table: ref.table, chain: ref.chain, number: ref.number };
    const packets = [scenarioPacket(packet, way, flagsIn(space, box, flags))];
    const witness: Witness = { host, packets, victim: 0, harm: 'missed', rule };
    if (isTakenBefore(context, witness, ref, by)) return witness;
  }
  return undefined;
}

const asked = new WeakMap<Ruleset, number>();
/** Rules that all questions together may load: a simulation begins with loading the ruleset. */
const MOST_LOADED = 1_500_000;

/** A ruleset of ten thousand dead rules is not simulated ten thousand times. */
function mayAsk(ruleset: Ruleset): boolean {
  const loaded = asked.get(ruleset) ?? 0;
  const size = ruleset.tables.flatMap(({ chains }) => chains).reduce((sum, { rules }) => sum + rules.length, 0);
  asked.set(ruleset, loaded + size);
  return loaded <= MOST_LOADED;
}

/** The packets of the sample that the simulator can make, by the hook at which they begin. */
function wayOf({ path }: Sample): WayName {
  const hook = path[0]?.chain;
  if (hook === 'FORWARD') return 'FORWARD';
  return hook === 'OUTPUT' || hook === 'POSTROUTING' ? 'OUTPUT' : 'INPUT';
}

/** The loopback only where the rule is about it. */
function interfacesOf(space: Space, box: Box, way: WayName): Box {
  const some = (side: 'in' | 'out') => {
    const set = dimensionOf(space, box, side);
    const others = subtract(set, interval(0, 2));
    return others.length > 0 ? others : set;
  };
  return {
    in: way === 'OUTPUT' ? NO_DEVICE : some('in'),
    out: way === 'INPUT' ? NO_DEVICE : some('out'),
  };
}

function stateSet(state: CtState) {
  const index = CT_STATES.indexOf(state);
  return interval(index, index + 1);
}

function hostOf(
  { hints, beside, ruleset }: LintContext,
  packet: PickedPacket,
  way: WayName,
  box: Box,
  state: CtState,
): HostDescription {
  const host = hostFor(packet, way, hints);
  const ipsets = hints.host.ipsets ?? beside.ipsets ?? setsFor(ruleset, packet, box);
  return {
    ...host,
    ...(ipsets === '' ? {} : { ipsets }),
    ...(state === 'ESTABLISHED' ? { conntrack: [entryFor(packet)] } : {}),
  };
}

/** A flow of which both directions were seen, as /proc/net/nf_conntrack shows it. */
function entryFor({ src, dst, sport = 0, dport = 0, protocol }: PickedPacket): string {
  const name = protocolName(protocol);
  const state = name === 'tcp' ? ' ESTABLISHED' : '';
  const tuple = (from: string, to: string, fromPort: number, toPort: number) =>
    `src=${from} dst=${to} sport=${fromPort} dport=${toPort}`;
  const tuples = `${tuple(src, dst, sport, dport)} ${tuple(dst, src, dport, sport)}`;
  const family = src.includes(':') ? 'ipv6     10' : 'ipv4     2';
  return `${family} ${name} ${protocol} 300${state} ${tuples} [ASSURED] mark=0 zone=0 use=2`;
}

function flagsIn(space: Space, box: Box, usual: string): string {
  const set = dimensionOf(space, box, 'tcpFlags');
  const letters = [usual, 'S', 'A', 'SA', 'FA', 'R', 'F', 'SF', 'FPU', ''];
  return letters.find((flags) => holds(set, bitsOf(flags))) ?? usual;
}

function bitsOf(flags: string): Point {
  return [...'FSRPAUEC'].reduce((bits, flag, index) => bits | (flags.includes(flag) ? 1 << index : 0), 0);
}

function isTakenBefore({ ruleset }: LintContext, witness: Witness, ref: RuleRef, by: readonly RuleRef[]): boolean {
  const steps = fateOf(ruleset, witness)?.result.steps ?? [];
  const isMatchOf = (one: RuleRef) =>
    steps.some(
      (step) =>
        step.kind === 'rule' &&
        step.matched &&
        step.table === one.table &&
        step.chain === one.chain &&
        step.number === one.number,
    );
  return !isMatchOf(ref) && by.some(isMatchOf);
}
