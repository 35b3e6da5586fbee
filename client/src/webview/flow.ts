/**
 * Who answers whom among the packets of a scenario: how a packet's answer would look at the far end, after NAT, and
 * which packets belong to the same flow. Taken from what the simulator said, so it holds for untracked flows too.
 */

import { type ConntrackLine, type LineTuple, parseConntrackLine, tupleKey } from '../../../src-sim/conntrack/line';
import type { ScenarioPacket } from '../../../src-sim/sim/scenario';
import type { Frame, PacketResult } from '../../../src-sim/sim/trace';
import { flagLetters, isIcmp, packetProtocol } from './packet-words';

/** The addresses of a packet without what it carries. */
export type Endpoints = Pick<ScenarioPacket, 'in' | 'out' | 'src' | 'dst' | 'proto' | 'sport' | 'dport'> & {
  readonly icmpId?: number;
};

export interface Exchange {
  readonly packet: ScenarioPacket;
  readonly result: PacketResult;
}

/** The side that sent a flow's first packet is the client. */
export type Side = 'client' | 'server';

export interface Flow {
  readonly client: Endpoints;
  /** Undefined where nothing of the client's has got through, or the far end is not known. */
  readonly server: Endpoints | undefined;
  readonly members: readonly FlowMember[];
}

export interface FlowMember extends Exchange {
  readonly side: Side;
}

export function endpointsOf(packet: ScenarioPacket): Endpoints {
  const { src, dst, proto, sport, dport } = packet;
  return {
    ...(packet.out ? { out: true } : packet.in === undefined ? {} : { in: packet.in }),
    src,
    dst,
    proto,
    ...(sport === undefined ? {} : { sport }),
    ...(dport === undefined ? {} : { dport }),
    ...(packet.icmp?.id === undefined ? {} : { icmpId: packet.icmp.id }),
  };
}

/** Where an answer to the packet would come from and go to; undefined where the packet reached nobody. */
export function answerEndpoints({ packet, result }: Exchange): Endpoints | undefined {
  if (result.fate.kind === 'sent') {
    const frame = ownFrame(packet, result, result.fate.device);
    return frame && reversed(packet, frame, { in: frame.dev });
  }
  if (result.fate.kind !== 'delivered') return undefined;
  return reversed(packet, asDelivered(packet, result), { out: true });
}

/** The packet's addresses once NAT was through with it: its entry's reply tuple says them backwards. */
function asDelivered(packet: ScenarioPacket, result: PacketResult): Crossed {
  const reply = entryOf(packet, result)?.reply;
  if (reply === undefined) return packet;
  return { src: reply.dst, dst: reply.src, sport: reply.dport, dport: reply.sport, icmp: packet.icmp };
}

/** The frame by which the packet itself left: others of the same moment are answers of the host. */
export function ownFrame(packet: ScenarioPacket, result: PacketResult, device: string): Frame | undefined {
  const protocol = packetProtocol(packet);
  return result.out.find((frame) => frame.dev === device && frame.proto === protocol);
}

/** The entry whose original tuple the packet carries. */
export function entryOf(packet: ScenarioPacket, result: PacketResult): ConntrackLine | undefined {
  return result.conntrack
    .map(parseConntrackLine)
    .find((line) => line !== undefined && tupleKey(line.original) === tupleKey(tupleOf(packet)));
}

function tupleOf(packet: ScenarioPacket): LineTuple {
  const { src, dst, sport, dport, icmp } = packet;
  const message = icmp && { type: icmp.type, code: icmp.code ?? 0, id: icmp.id ?? 0 };
  return { src, dst, sport, dport, icmp: message };
}

/** The packet that the one at `index` answers; undefined where it is its flow's own direction that it goes on in. */
export function answeredPacket(exchanges: readonly Exchange[], index: number): number | undefined {
  const { same, answered } = kinOf(exchanges, index);
  return answered !== undefined && answered < same ? answered : undefined;
}

/** The flow that the packet at `index` belongs to. */
export function flowOf(exchanges: readonly Exchange[], index: number): Flow | undefined {
  const { same, answered } = kinOf(exchanges, index);
  const first = exchanges[Math.min(same, answered ?? same)];
  if (first === undefined) return undefined;
  const client = endpointsOf(first.packet);
  const clientKey = endpointsKey(client);
  const sideKey = ({ packet }: Exchange): string => endpointsKey(endpointsOf(packet));
  const server = exchanges
    .filter((one) => sideKey(one) === clientKey)
    .map(answerEndpoints)
    .findLast(isDefined);
  const serverKey = server && endpointsKey(server);
  const members = exchanges.flatMap((exchange): readonly FlowMember[] => {
    if (sideKey(exchange) === clientKey) return [{ ...exchange, side: 'client' }];
    return sideKey(exchange) === serverKey ? [{ ...exchange, side: 'server' }] : [];
  });
  return { client, server, members };
}

/** The first packet with the same endpoints as the one at `index`, and the first one before it that it answers. */
function kinOf(exchanges: readonly Exchange[], index: number): { same: number; answered: number | undefined } {
  const packet = exchanges[index]?.packet;
  const wanted = packet && endpointsKey(endpointsOf(packet));
  const same = exchanges.findIndex((other) => endpointsKey(endpointsOf(other.packet)) === wanted);
  const answered = exchanges.slice(0, index).findIndex((earlier) => {
    const answer = answerEndpoints(earlier);
    return answer !== undefined && endpointsKey(answer) === wanted;
  });
  return { same, answered: answered === -1 ? undefined : answered };
}

function isDefined<T>(value: T | undefined): value is T {
  return value !== undefined;
}

/** The answer that the host gave by itself: a SYN/ACK, a reset, an echo reply, an ICMP error. */
export function hostAnswer({ packet, result }: Exchange): Frame | undefined {
  if (result.fate.kind !== 'delivered' || result.made.length === 0) return undefined;
  return result.out.find((frame) => frame.dst === packet.src);
}

export interface SequenceNumbers {
  readonly seq: number;
  readonly ack: number;
}

const FIRST_SEQUENCE: Readonly<Record<Side, number>> = { client: 1000, server: 5000 };

/** The numbers that the next segment of a side carries, after all that the flow has sent. */
export function nextSequence(flow: Flow, side: Side): SequenceNumbers {
  return { seq: sentUpTo(flow, side), ack: sentUpTo(flow, side === 'client' ? 'server' : 'client') };
}

function sentUpTo(flow: Flow, side: Side): number {
  const own = flow.members.filter((member) => member.side === side).map(({ packet }) => segmentEnd(packet));
  const byHost = side === 'server' ? flow.members.map(hostAnswer).map(frameEnd) : [];
  const ends = [...own, ...byHost].filter((end) => end !== undefined);
  return ends.length === 0 ? FIRST_SEQUENCE[side] : Math.max(...ends);
}

function segmentEnd(packet: ScenarioPacket): number {
  const flags = flagLetters(packet);
  const data = typeof packet.payload === 'string' ? packet.payload.length : (packet.payload ?? 0);
  return (packet.seq ?? 0) + data + controlBits(flags);
}

function frameEnd(frame: Frame | undefined): number | undefined {
  return frame?.seq === undefined ? undefined : frame.seq + controlBits(frame.flags ?? '');
}

/** SYN and FIN take a number each. @see RFC 9293 §3.4 */
function controlBits(flags: string): number {
  return [...flags].filter((flag) => flag === 'S' || flag === 'F').length;
}

interface Crossed {
  readonly src: string;
  readonly dst: string;
  readonly sport?: number | undefined;
  readonly dport?: number | undefined;
  readonly icmp?: { readonly id?: number } | undefined;
}

function reversed(packet: ScenarioPacket, crossed: Crossed, from: { in: string } | { out: true }): Endpoints {
  const id = crossed.icmp?.id;
  return {
    ...from,
    src: crossed.dst,
    dst: crossed.src,
    proto: packet.proto,
    ...(crossed.dport === undefined ? {} : { sport: crossed.dport }),
    ...(crossed.sport === undefined ? {} : { dport: crossed.sport }),
    ...(isIcmp(packetProtocol(packet)) && id !== undefined ? { icmpId: id } : {}),
  };
}

function endpointsKey(ends: Endpoints): string {
  const from = ends.out ? 'out' : `in ${ends.in ?? ''}`;
  const protocol = packetProtocol(ends);
  return [from, protocol, ends.src, ends.sport ?? '', ends.dst, ends.dport ?? '', ends.icmpId ?? ''].join(' ');
}
