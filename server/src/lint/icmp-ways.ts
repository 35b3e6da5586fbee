/** What becomes of ICMP messages, and witnesses for those that are denied. */
import { interval } from '../../../src-sim/net/interval-set';
import { TCP_FLAG } from '../../../src-sim/net/packet';
import { PROTOCOL } from '../../../src-sim/net/protocol';
import type { ScenarioPacket } from '../../../src-sim/sim/scenario';
import type { Box } from '../analysis/packet-set';
import { points } from '../analysis/packet-space';
import type { Decision, Way } from '../analysis/set-walk';
import type { LintContext } from './define';
import type { Witness } from './finding';
import { flowWitness } from './flow-witness';
import { suffers } from './harm';
import { type Outcome, outcomesOf } from './outcomes';
import { type PickedPacket, pickPacket } from './pick-packet';
import type { WayName } from './way';
import { answerTo, hostFor, scenarioPacket } from './witness';

const FRAGMENTATION_NEEDED = { type: 3, code: 4 };
const PACKET_TOO_BIG = { type: 2, code: 0 };

/** What becomes of the messages of a type; undefined where the walk gave up. */
export function icmpOutcomes(
  context: LintContext,
  way: WayName,
  state: Way['tracked'][number],
  message: { readonly type: number; readonly code?: number },
): readonly Outcome[] | undefined {
  return outcomesOf(context, way, icmpShape(context, message), state);
}

/** "The packet is too big", as the family says it. */
export function tooBig({ ruleset }: LintContext): { readonly type: number; readonly code: number } {
  return ruleset.family === 'ipv4' ? FRAGMENTATION_NEEDED : PACKET_TOO_BIG;
}

/** Whether nothing of it gets through; false where nobody can say. */
export function isAllDenied(outcomes: readonly Outcome[] | undefined): boolean {
  const all = outcomes ?? [];
  return all.length > 0 && all.every(({ verdict }) => verdict === 'drop' || verdict === 'reject');
}

export function isAnyAccepted(outcomes: readonly Outcome[] | undefined): boolean {
  return (outcomes ?? []).some(({ verdict, certain }) => verdict === 'accept' && certain);
}

/** New TCP connections that get through. */
export function acceptedConnections(context: LintContext, way: WayName): readonly Outcome[] {
  const shape = { protocol: points([PROTOCOL.tcp]), tcpFlags: points([TCP_FLAG.S]) };
  const outcomes = outcomesOf(context, way, shape, 'NEW') ?? [];
  return outcomes.filter(({ verdict, certain }) => verdict === 'accept' && certain);
}

function icmpShape({ ruleset }: LintContext, { type, code }: { readonly type: number; readonly code?: number }): Box {
  const first = (type << 8) | (code ?? 0);
  return {
    protocol: points([ruleset.family === 'ipv4' ? PROTOCOL.icmp : PROTOCOL.icmpv6]),
    icmp: interval(first, code === undefined ? first + 256 : first + 1),
  };
}

/** One message that is denied by itself. */
export function messageWitness(context: LintContext, way: WayName, outcomes: readonly Outcome[]): Witness | undefined {
  const [first] = outcomes.filter(({ certain }) => certain);
  const packet = first && pickPacket(context.walker().space, first.box, way);
  return packet && confirmed(context, packet, way, [scenarioPacket(packet, way)]);
}

/** A connection that is accepted, and the error about it that is not. */
export function errorWitness(context: LintContext, way: WayName): Witness | undefined {
  for (const { box } of acceptedConnections(context, way).slice(0, 3)) {
    const packet = pickPacket(context.walker().space, box, way);
    const witness =
      packet && confirmed(context, packet, way, [scenarioPacket(packet, way), errorAbout(context, packet, way)]);
    if (witness) return witness;
  }
  return undefined;
}

/** More than the second link of a forwarder carries. */
const BIG = { payload: 1_448, df: true } as const;
const SMALL_MTU = 1_400;

/** A forwarded connection, a packet of it that is too big for the next link, and the host's message that stays inside. */
export function unsaidWitness(context: LintContext): Witness | undefined {
  for (const { box } of acceptedConnections(context, 'FORWARD').slice(0, 3)) {
    const packet = pickPacket(context.walker().space, box, 'FORWARD');
    const flow = packet && flowWitness(packet, 'FORWARD', context.hints, 'next', 'unanswered');
    if (packet === undefined || flow === undefined) continue;
    const packets = flow.packets.map((one, at) => (at === flow.victim ? { ...one, flags: 'PA', ...BIG } : one));
    const outside = context.hints.host.interfaces?.[packet.out];
    const interfaces = {
      ...flow.host.interfaces,
      [packet.out]: { ...flow.host.interfaces?.[packet.out], mtu: SMALL_MTU },
    };
    const witness: Witness = { ...flow, packets, host: { ...flow.host, interfaces } };
    if (outside?.mtu === undefined && suffers(context.ruleset, witness)) return witness;
  }
  return undefined;
}

/** To the sender of what was too big: the host itself for INPUT, the client for FORWARD. */
function errorAbout(context: LintContext, packet: PickedPacket, way: WayName): ScenarioPacket {
  const quoted = way === 'INPUT' ? answerTo(packet) : packet;
  const { src, dst, sport, dport } = quoted;
  return {
    in: way === 'INPUT' ? packet.in : packet.out,
    src: dst,
    dst: src,
    proto: context.ruleset.family === 'ipv4' ? 'icmp' : 'ipv6-icmp',
    icmp: {
      ...tooBig(context),
      mtu: 1400,
      inner: {
        src,
        dst,
        proto: 'tcp',
        ...(sport === undefined ? {} : { sport }),
        ...(dport === undefined ? {} : { dport }),
      },
    },
  };
}

function confirmed(
  { ruleset, hints }: LintContext,
  packet: PickedPacket,
  way: WayName,
  packets: readonly ScenarioPacket[],
): Witness | undefined {
  const witness: Witness = { host: hostFor(packet, way, hints), packets, victim: packets.length - 1, harm: 'denied' };
  return suffers(ruleset, witness) ? witness : undefined;
}

const ECHO_REQUEST = { type: 8 };

export interface ShutIcmp {
  readonly denial: Decision;
  readonly requests: readonly Outcome[];
}

/** INPUT of IPv4 lets no ICMP in, and not because a rule names it: nobody has thought of it. */
export function shutIcmp(context: LintContext): ShutIcmp | undefined {
  if (context.ruleset.family !== 'ipv4') return undefined;
  const requests = icmpOutcomes(context, 'INPUT', 'NEW', ECHO_REQUEST) ?? [];
  const errors = icmpOutcomes(context, 'INPUT', 'RELATED', tooBig(context)) ?? [];
  const denial = denialOf(requests);
  const isAll = isAllDenied(requests) && isAllDenied(errors);
  return isAll && denial && [denial, denialOf(errors)].every(isForAnyProtocol) ? { denial, requests } : undefined;
}

function isForAnyProtocol(decision: Decision | undefined): boolean {
  const rules = decision?.path ?? [];
  return rules.every(({ rule }) => rule.matches.every(({ options }) => options.protocol === undefined));
}

/** The rule or the policy that denies them. */
export function denialOf(outcomes: readonly Outcome[]) {
  const [first] = outcomes.filter(({ certain }) => certain);
  return first?.group.decisions.find(({ verdict }) => verdict === 'drop' || verdict === 'reject');
}
