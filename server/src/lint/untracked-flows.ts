/**
 * Packets that are lost because conntrack does not see them, or their other half: what raw takes out of conntrack, what
 * the filter table denies then, and what it would have accepted otherwise. Candidates only: the simulator confirms.
 */

import { interval, intervalSet, isSubset, overlaps, subtract } from '../../../src-sim/net/interval-set';
import { TCP_FLAG } from '../../../src-sim/net/packet';
import { PROTOCOL } from '../../../src-sim/net/protocol';
import type { Ruleset } from '../../../src-sim/netfilter/ruleset';
import type { Hints } from '../analysis/hints';
import { type Box, intersectBoxes, subtractBox } from '../analysis/packet-set';
import { points, statesOf } from '../analysis/packet-space';
import { effectOf, type RuleRef, regionsOf, splitByRule, type Walker } from '../analysis/rule-packets';
import {
  type Decision,
  decisionIn,
  followHooks,
  freshGroup,
  type PacketGroup,
  verdictOf,
  type Way,
} from '../analysis/set-walk';
import { MIRROR_WAY, mirrorBox, startOf, WAY_HOOKS, type WayName } from './way';

export interface UntrackedLoss {
  /** `untracked`: the packet itself is; `alone`: it is tracked, but what it answers was not. */
  readonly kind: 'untracked' | 'alone';
  /** On which it is lost. */
  readonly way: WayName;
  readonly victims: Box;
  /** How it would be accepted, were the whole flow tracked. */
  readonly as: 'NEW' | 'ESTABLISHED';
  readonly untrackedBy: readonly RuleRef[];
  readonly denied: Decision;
  readonly accepted: Decision;
}

/** The packets that open a flow and those that answer, for the protocols that differ in it. */
interface Shape {
  readonly opening: Box;
  /** Undefined where an answer is not simply the opening packet turned round. */
  readonly answer: Box | undefined;
  /** How conntrack takes an answer whose opening packet it never saw. @see kernel-behaviours of tcp_new */
  readonly answerAlone: 'NEW' | 'INVALID';
}

const ECHO_REQUEST = points([8 << 8]);
const ECHO_REQUEST_V6 = points([128 << 8]);
const OTHERS = subtract(interval(0, 256), points([PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.icmp, PROTOCOL.icmpv6]));

const SHAPES: readonly Shape[] = [
  {
    opening: { protocol: points([PROTOCOL.tcp]), tcpFlags: points([TCP_FLAG.S]) },
    answer: { protocol: points([PROTOCOL.tcp]), tcpFlags: points([TCP_FLAG.S | TCP_FLAG.A]) },
    // @kernel net/netfilter/nf_conntrack_proto_tcp.c:tcp_new: a SYN+ACK opens nothing
    answerAlone: 'INVALID',
  },
  { opening: { protocol: points([PROTOCOL.udp]) }, answer: { protocol: points([PROTOCOL.udp]) }, answerAlone: 'NEW' },
  { opening: { protocol: points([PROTOCOL.icmp]), icmp: ECHO_REQUEST }, answer: undefined, answerAlone: 'INVALID' },
  {
    opening: { protocol: points([PROTOCOL.icmpv6]), icmp: ECHO_REQUEST_V6 },
    answer: undefined,
    answerAlone: 'INVALID',
  },
  { opening: { protocol: OTHERS }, answer: { protocol: OTHERS }, answerAlone: 'NEW' },
];

/** Services that nobody answers, as a rule: syslog, SNMP traps, NetFlow, sFlow, statsd. */
const TELEMETRY_PORTS = points([514, 162, 2055, 4739, 6343, 9995, 8125]);
/** Tunnels, whose answers have ports of their own. */
const TUNNEL_PORTS = points([4789, 8472, 6081]);
const ONE_WAY_PORTS = intervalSet([...TELEMETRY_PORTS, ...TUNNEL_PORTS]);

const WAYS: readonly WayName[] = ['INPUT', 'FORWARD', 'OUTPUT'];

export function findUntrackedLosses(walker: Walker, hints: Hints): readonly UntrackedLoss[] {
  const losses = WAYS.flatMap((way) =>
    SHAPES.flatMap((shape) => [
      ...lostUntracked(walker, hints, way, shape.opening, 'NEW'),
      ...(shape.answer ? lostUntracked(walker, hints, way, shape.answer, 'ESTABLISHED') : []),
      ...lostAlone(walker, hints, way, shape),
    ]),
  );
  return walker.budget < 0 ? [] : losses;
}

/** Un-tracked packets of a shape on their way, whatever becomes of them. */
export function untrackedPackets(walker: Walker, hints: Hints, way: WayName, shape: Box): readonly PacketGroup[] {
  const start = intersectBoxes(startOf(walker.space, way, hints), shape);
  if (start === undefined) return [];
  const untracked: Way = { hooks: WAY_HOOKS[way], tracked: ['NEW'], only: 'untracked' };
  return followHooks(walker, [freshGroup(walker.space, start)], untracked).filter(
    (group) => group.untrackedBy !== undefined && group.certain,
  );
}

/** Whether the answers to lost packets are taken out of conntrack as well, where there are answers at all. */
export function hasTwin(walker: Walker, { victims, way }: UntrackedLoss, hints: Hints): boolean {
  const { tcpFlags: _, mark: __, ...opening } = victims;
  const start = intersectBoxes(startOf(walker.space, MIRROR_WAY[way], hints), mirrorBox(opening));
  if (start === undefined || isOneWay(opening)) return true;
  const hooks = WAY_HOOKS[MIRROR_WAY[way]];
  const answers = followHooks(walker, [freshGroup(walker.space, start)], { hooks, tracked: ['NEW'] });
  return answers.every((group) => group.untrackedBy !== undefined || !group.certain);
}

/** A flow of which one direction is taken out of conntrack and the other is not. */
export interface HalfTracked {
  /** Of the direction that is un-tracked, and accepted. */
  readonly way: WayName;
  readonly openings: Box;
  readonly untrackedBy: readonly RuleRef[];
}

export function findHalfTracked(walker: Walker, hints: Hints): readonly HalfTracked[] {
  const halves = SHAPES.flatMap(({ opening, answer }) => {
    if (answer === undefined) return [];
    const untrackedAnswers = WAYS.flatMap((way) => untrackedPackets(walker, hints, way, answer));
    const others = untrackedAnswers.map(({ box }) => headersOf(box));
    return WAYS.flatMap((way) =>
      untrackedPackets(walker, hints, way, opening).flatMap((group): readonly HalfTracked[] => {
        const { untrackedBy } = group;
        if (verdictOf(group) !== 'accept' || untrackedBy === undefined || isTunnel(group.box)) return [];
        const answers = { ...headersOf(mirrorBox(group.box)), ...answer };
        return outside(walker, [answers], others).flatMap(({ tcpFlags: _, ...alone }) => {
          const openings = intersectBoxes(group.box, mirrorBox(alone));
          return openings ? [{ way, openings, untrackedBy }] : [];
        });
      }),
    );
  });
  return walker.budget < 0 ? [] : halves;
}

/** Whether an UNTRACKED packet of the box, and only for that, is none of the rule's. */
export function waitsForState(walker: Walker, ref: RuleRef, box: Box): boolean {
  return splitByRule(walker, { ...box, state: statesOf('UNTRACKED') }, ref.rule).taken.length === 0;
}

/** Whether any rule of raw takes packets out of conntrack: where none does, there is nothing to look for. */
export function hasUntracking(ruleset: Ruleset): boolean {
  const chains = ruleset.tables.find(({ name }) => name === 'raw')?.chains ?? [];
  return chains.some(({ rules }) => rules.some(({ target }) => effectOf(target)?.kind === 'untrack'));
}

function lostUntracked(
  walker: Walker,
  hints: Hints,
  way: WayName,
  shape: Box,
  as: 'NEW' | 'ESTABLISHED',
): readonly UntrackedLoss[] {
  return untrackedPackets(walker, hints, way, shape)
    .filter((group) => way !== 'FORWARD' || as === 'NEW' || mayAnswerClients(group.box))
    .flatMap((group) => acceptedOtherwise(walker, way, group, as))
    .map((loss) => ({ ...loss, kind: 'untracked' }));
}

function lostAlone(walker: Walker, hints: Hints, way: WayName, shape: Shape): readonly UntrackedLoss[] {
  const { answer, answerAlone } = shape;
  if (answer === undefined) return [];
  const mirrorWay = MIRROR_WAY[way];
  const start = startOf(walker.space, mirrorWay, hints);
  const untrackedAnswers = untrackedPackets(walker, hints, mirrorWay, answer).map(({ box }) => headersOf(box));
  const tracked: Way = { hooks: WAY_HOOKS[mirrorWay], tracked: [answerAlone], only: 'tracked' };
  return untrackedPackets(walker, hints, way, shape.opening).flatMap((opening) => {
    const { state: _, mark: __, ...answers } = { ...mirrorBox(opening.box), ...answer };
    const box = intersectBoxes(start, answers);
    const { untrackedBy } = opening;
    if (box === undefined || untrackedBy === undefined || isOneWay(opening.box)) return [];
    return followHooks(walker, [freshGroup(walker.space, box)], tracked)
      .filter((group) => group.certain)
      .flatMap((group) => outside(walker, [group.box], untrackedAnswers).map((box) => ({ ...group, box })))
      .flatMap((group) => acceptedOtherwise(walker, mirrorWay, { ...group, untrackedBy }, 'ESTABLISHED'))
      .map((loss) => ({ ...loss, kind: 'alone' }));
  });
}

/** The NOTRACK for answers may name other interfaces: who answers may sit behind one alone, and rules do not tell. */
function headersOf({ in: _, out: __, state: ___, mark: ____, srcType: _____, dstType: ______, ...headers }: Box): Box {
  return headers;
}

/** What of the boxes is in none of the others. */
function outside({ space }: Walker, boxes: readonly Box[], others: readonly Box[]): readonly Box[] {
  return others.reduce((rest, other) => rest.flatMap((box) => subtractBox(space, box, other)), boxes);
}

/** Of packets that the filter table denies by default, those that it would accept in this state. */
function acceptedOtherwise(
  walker: Walker,
  way: WayName,
  group: PacketGroup,
  as: 'NEW' | 'ESTABLISHED',
): readonly Omit<UntrackedLoss, 'kind'>[] {
  const denied = decisionIn(group, 'filter', way);
  const { untrackedBy } = group;
  if (denied === undefined || untrackedBy === undefined || !isDefaultDeny(denied)) return [];
  const { state: _, mark: __, ...victims } = group.box;
  const tracked = { hooks: WAY_HOOKS[way], tracked: [as], ignoreUntrack: true };
  const accepting = followHooks(walker, [freshGroup(walker.space, victims)], tracked).flatMap((other) => {
    const accepted = decisionIn(other, 'filter', way);
    if (verdictOf(other) !== 'accept' || accepted === undefined) return [];
    return [{ isCertain: other.certain, loss: { way, victims: other.box, as, untrackedBy, denied, accepted } }];
  });
  // What only some of the packets would pass (a limit) is for the simulator to decide, and comes last.
  const certain = accepting.filter(({ isCertain }) => isCertain);
  const perhaps = accepting.filter(({ isCertain }) => !isCertain);
  return [...certain, ...perhaps].map(({ loss }) => loss);
}

/**
 * A policy, or a rule that denies whatever is left: not one that names the packets it denies, since then somebody meant
 * it, and not one that names UNTRACKED.
 */
function isDefaultDeny({ verdict, path }: Decision): boolean {
  if (verdict !== 'drop' && verdict !== 'reject') return false;
  const last = path.at(-1);
  const conditions = (last?.rule.matches ?? []).flatMap((match) => regionsOf(match) ?? []).flatMap((r) => r.conditions);
  return conditions.every((condition) => {
    if (condition.kind === 'state') return condition.inverted || !condition.states.includes('UNTRACKED');
    return condition.kind === 'interface' || (condition.kind === 'range' && condition.field === 'protocol');
  });
}

/**
 * Whether the loss is one of traffic as it is. As ESTABLISHED, packets are lost to clients, on ports that clients have:
 * a loss of packets to the port of a service is a curiosity.
 */
export function isLikely({ as, victims }: Pick<UntrackedLoss, 'as' | 'victims'>): boolean {
  return as === 'NEW' || mayAnswerClients(victims);
}

/** A name server that runs containers has no use for its NOTRACK of port 53 in FORWARD. */
function mayAnswerClients({ dport }: Box): boolean {
  return dport === undefined || overlaps(dport, interval(32_768, 61_000));
}

function isTunnel({ dport }: Box): boolean {
  return dport !== undefined && isSubset(dport, TUNNEL_PORTS);
}

export function isOneWay({ dport }: Box): boolean {
  return dport !== undefined && isSubset(dport, ONE_WAY_PORTS);
}
