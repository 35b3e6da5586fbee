/** A flow, packet by packet: what opens it, the answer, and what follows, as a witness plays it. */
import { familyOf } from '../../../src-sim/net/address';
import { PROTOCOL } from '../../../src-sim/net/protocol';
import type { Ruleset } from '../../../src-sim/netfilter/ruleset';
import type { HostDescription, ScenarioPacket } from '../../../src-sim/sim/scenario';
import { simulate } from '../../../src-sim/sim/simulator';
import type { Hints } from '../analysis/hints';
import type { Harm, Witness, WitnessRule } from './finding';
import type { PickedPacket } from './pick-packet';
import { MIRROR_WAY, type WayName } from './way';
import { answerTo, hostFor, scenarioPacket } from './witness';

/** The packet of a flow that suffers: the first one, the answer to it, or what the opener sends then. */
export type FlowStage = 'opening' | 'answer' | 'next';

/** Sequence numbers as a TCP handshake has them: conntrack looks at them. */
const OPENER_SEQ = 1000;
const ANSWERER_SEQ = 5000;
const ECHO_REPLY: Readonly<Record<number, number>> = { 8: 0, 128: 129 };

/** The packets of a flow as far as one of them, which suffers. */
export function flowWitness(
  opening: PickedPacket,
  way: WayName,
  hints: Hints,
  stage: FlowStage,
  harm: Harm = 'denied',
): Witness {
  const host = hostFor(opening, way, hints);
  const packets = flowPackets(opening, way, host, stage);
  return { host, packets, victim: packets.length - 1, harm };
}

function flowPackets(
  opening: PickedPacket,
  way: WayName,
  host: HostDescription,
  stage: FlowStage,
): readonly ScenarioPacket[] {
  const opens = { ...scenarioPacket(opening, way), ...(opening.protocol === PROTOCOL.tcp && { seq: OPENER_SEQ }) };
  if (stage === 'opening') return [opens];
  const answers = answerPacket(opening, way);
  if (stage === 'answer') return [opens, answers];
  if (opening.protocol !== PROTOCOL.tcp) return [opens, answers, opens];
  // The host's own listener answers by itself, with a sequence number of its own.
  const own = way === 'INPUT' ? sequenceOfListener(host, opens) : undefined;
  const next = { ...scenarioPacket(opening, way, 'A'), seq: OPENER_SEQ + 1, ack: (own ?? ANSWERER_SEQ) + 1 };
  return own === undefined ? [opens, answers, next] : [opens, next];
}

function answerPacket(opening: PickedPacket, way: WayName): ScenarioPacket {
  const answer = answerTo(opening);
  const reply = answer.icmp ? { ...answer, icmp: { ...answer.icmp, type: ECHO_REPLY[answer.icmp.type] ?? 0 } } : answer;
  const isTcp = opening.protocol === PROTOCOL.tcp;
  return {
    ...scenarioPacket(reply, MIRROR_WAY[way], 'SA'),
    ...(isTcp && { seq: ANSWERER_SEQ, ack: OPENER_SEQ + 1 }),
  };
}

/** What a listener of the host would answer to a SYN, if no rule were in the way. */
function sequenceOfListener(host: HostDescription, opens: ScenarioPacket): number | undefined {
  try {
    const nothing: Ruleset = { family: familyOf(opens.src), tables: [] };
    const [result] = simulate(nothing, { host, packets: [opens] }).packets;
    return result?.out.find(({ flags, seq }) => flags !== undefined && seq !== undefined)?.seq;
  } catch {
    return undefined;
  }
}

/** One packet, nothing before it. */
export function lonePacket(
  packet: PickedPacket,
  way: WayName,
  hints: Hints,
  harm: Harm,
  { flags = 'S', rule }: { readonly flags?: string; readonly rule?: WitnessRule } = {},
): Witness {
  const packets = [scenarioPacket(packet, way, flags)];
  return { host: hostFor(packet, way, hints), packets, victim: 0, harm, ...(rule && { rule }) };
}
