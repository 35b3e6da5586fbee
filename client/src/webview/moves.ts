/** What a preset does next, as data, and the packet that it comes to among the packets that are already there. */
import { familyOf } from '../../../src-sim/net/address';
import { PROTOCOL } from '../../../src-sim/net/protocol';
import type { ScenarioIcmp, ScenarioPacket } from '../../../src-sim/sim/scenario';
import {
  answerEndpoints,
  type Endpoints,
  type Exchange,
  endpointsOf,
  type Flow,
  flowOf,
  hostAnswer,
  nextSequence,
  ownFrame,
  type Side,
} from './flow';
import { flagLetters, isIcmp, packetProtocol } from './packet-words';

export type Move =
  /** The first packet of a new flow. */
  | { readonly kind: 'begin'; readonly protocol: 'tcp' | 'udp' | 'ping'; readonly flags?: string }
  /** The next packet of the selected packet's flow; `other`: from the side that did not send the selected one. */
  | { readonly kind: 'send'; readonly side: Side | 'other'; readonly flags?: string }
  /** A router or the far end answers the selected packet with an ICMP error. */
  | { readonly kind: 'error' }
  /** The selected packet once more, after a time. */
  | { readonly kind: 'again'; readonly waitSeconds: number };

export interface MoveContext {
  readonly exchanges: readonly Exchange[];
  readonly selected: number;
  /** What the ruleset suggests; never empty once the simulator has answered. */
  readonly suggested: readonly ScenarioPacket[];
}

export type Moved =
  | { readonly kind: 'packet'; readonly packet: ScenarioPacket }
  /** The host has done it by itself. */
  | { readonly kind: 'skip' }
  | { readonly kind: 'impossible'; readonly why: string };

export function playMove(move: Move, context: MoveContext): Moved {
  switch (move.kind) {
    case 'begin':
      return begin(move, context);
    case 'send':
      return send(move, context);
    case 'error':
      return sendError(context);
    case 'again':
      return again(move.waitSeconds, context);
  }
}

const FIRST_CLIENT_PORT = 40_000;

const BEGIN_PROTOCOL = { tcp: 'tcp', udp: 'udp', ping: 'icmp' } as const;

function begin(move: Extract<Move, { kind: 'begin' }>, { exchanges, suggested }: MoveContext): Moved {
  const seed = chooseSeed(move.protocol, exchanges, suggested);
  if (seed === undefined) return impossible('There is no address to begin from: type a packet in the line below.');
  const base = endpointsOf(seed);
  if (move.protocol === 'ping') return { kind: 'packet', packet: ping(base, exchanges) };
  const ends = { ...base, proto: BEGIN_PROTOCOL[move.protocol], sport: freePort(exchanges) };
  if (move.protocol === 'udp') return { kind: 'packet', packet: { ...ends, dport: base.dport ?? 53 } };
  const flags = move.flags ?? 'S';
  const tcp = { ...ends, dport: base.dport ?? 80, flags, seq: 1000, ...(flags.includes('A') ? { ack: 5000 } : {}) };
  return { kind: 'packet', packet: tcp };
}

/** Of the suggestions with this protocol the first that no packet has gone to yet; else any, its protocol changed. */
function chooseSeed(
  protocol: 'tcp' | 'udp' | 'ping',
  exchanges: readonly Exchange[],
  suggested: readonly ScenarioPacket[],
): ScenarioPacket | undefined {
  const fit = suggested.filter((packet) => seedProtocol(packet) === protocol);
  const tried = (seed: ScenarioPacket): boolean =>
    exchanges.some(
      ({ packet }) => packet.dst === seed.dst && packet.dport === seed.dport && packet.proto === seed.proto,
    );
  const [any] = suggested;
  const changed = any && withoutPorts(any);
  return fit.find((seed) => !tried(seed)) ?? fit[0] ?? changed;
}

function seedProtocol(packet: ScenarioPacket): 'tcp' | 'udp' | 'ping' | undefined {
  const protocol = packetProtocol(packet);
  if (protocol === PROTOCOL.tcp) return 'tcp';
  if (protocol === PROTOCOL.udp) return 'udp';
  return isIcmp(protocol) ? 'ping' : undefined;
}

function withoutPorts(packet: ScenarioPacket): ScenarioPacket {
  const { sport: _sport, dport: _dport, ...rest } = packet;
  return rest;
}

function freePort(exchanges: readonly Exchange[]): number {
  const used = new Set(exchanges.flatMap(({ packet }) => [packet.sport, packet.dport]));
  let port = FIRST_CLIENT_PORT;
  while (used.has(port)) port += 1;
  return port;
}

function ping(ends: Endpoints, exchanges: readonly Exchange[]): ScenarioPacket {
  const ids = exchanges.map(({ packet }) => packet.icmp?.id ?? 0);
  return icmpPacket(ends, { type: echoType(ends, 'client'), id: Math.max(0, ...ids) + 1, seq: 1 });
}

function icmpPacket(ends: Endpoints, icmp: ScenarioIcmp): ScenarioPacket {
  const { sport: _sport, dport: _dport, icmpId: _id, ...addresses } = ends;
  return { ...addresses, proto: familyOf(ends.src) === 'ipv4' ? 'icmp' : 'icmpv6', icmp };
}

function echoType(ends: Endpoints, side: Side): number {
  if (familyOf(ends.src) === 'ipv4') return side === 'client' ? 8 : 0;
  return side === 'client' ? 128 : 129;
}

function send(move: Extract<Move, { kind: 'send' }>, { exchanges, selected }: MoveContext): Moved {
  const flow = flowOf(exchanges, selected);
  if (flow === undefined) return impossible('Select a packet first: this continues its flow.');
  const refusal = cannotGoOn(flow, exchanges[selected], move);
  if (refusal) return refusal;
  const side = move.side === 'other' ? otherSide(flow, exchanges[selected]) : move.side;
  if (side === 'server') {
    const done = answeredElsewhere(flow, move) ?? answeredByHost(flow, selected, exchanges, move);
    if (done) return done;
  }
  const ends = side === 'client' ? flow.client : flow.server;
  if (ends === undefined) return impossible(`Packet ${selected + 1} reached nobody: nothing answers it.`);
  return { kind: 'packet', packet: flowPacket(ends, flow, side, move.flags ?? naturalFlags(exchanges[selected])) };
}

function cannotGoOn(
  flow: Flow,
  selected: Exchange | undefined,
  { flags }: Extract<Move, { kind: 'send' }>,
): Moved | undefined {
  if (selected?.packet.icmp?.inner) return impossible('Nothing answers an ICMP error: select a packet of the flow.');
  const closes = flags?.includes('F') ?? false;
  return closes && packetProtocol(flow.client) !== PROTOCOL.tcp
    ? impossible('Only a TCP connection is closed.')
    : undefined;
}

function otherSide(flow: Flow, selected: Exchange | undefined): Side {
  return flow.members.find((member) => member.packet === selected?.packet)?.side === 'server' ? 'client' : 'server';
}

/** IPVS, but for its masquerading, hands packets to servers that answer the client themselves. */
function answeredElsewhere({ members }: Flow, { side }: Extract<Move, { kind: 'send' }>): Moved | undefined {
  if (!members.some(({ result }) => result.steps.some(({ kind }) => kind === 'ipvs'))) return undefined;
  if (side !== 'other') return { kind: 'skip' };
  return impossible('The real server answers the client itself: the answer does not come by this host.');
}

/** A host that is the server itself has answered already, or has refused. */
function answeredByHost(
  flow: Flow,
  selected: number,
  exchanges: readonly Exchange[],
  move: Extract<Move, { kind: 'send' }>,
): Moved | undefined {
  const exchange = exchanges[selected];
  const frame = exchange && hostAnswer(exchange);
  if (frame === undefined || flow.server === undefined) return undefined;
  if (frame.flags?.includes('R')) return impossible(`The host refused packet ${selected + 1} with a RST.`);
  if (frame.icmp && !isIcmp(packetProtocol(flow.client)))
    return impossible('The host refused it: nothing listens there.');
  if (move.side === 'other') return impossible(`The host has answered packet ${selected + 1} itself.`);
  const wanted = [...(move.flags ?? '')];
  return wanted.every((flag) => frame.flags?.includes(flag)) ? { kind: 'skip' } : undefined;
}

function flowPacket(ends: Endpoints, flow: Flow, side: Side, flags: string): ScenarioPacket {
  const protocol = packetProtocol(ends);
  if (isIcmp(protocol)) return icmpPacket(ends, { type: echoType(ends, side), id: ends.icmpId ?? 0, seq: 1 });
  const { icmpId: _id, ...addresses } = ends;
  if (protocol !== PROTOCOL.tcp) return addresses;
  const { seq, ack } = nextSequence(flow, side);
  return { ...addresses, flags, seq, ...(flags.includes('A') ? { ack } : {}) };
}

/** What TCP answers: a SYN with SYN ACK, a FIN with FIN ACK, all else with ACK. */
function naturalFlags(exchange: Exchange | undefined): string {
  const flags = exchange ? flagLetters(exchange.packet) : '';
  if (flags.includes('S') && !flags.includes('A')) return 'SA';
  return flags.includes('F') ? 'FA' : 'A';
}

/** Host unreachable, from whom the packet was sent to, quoting the packet as it arrived there. */
function sendError({ exchanges, selected }: MoveContext): Moved {
  const exchange = exchanges[selected];
  const answer = exchange && answerEndpoints(exchange);
  if (exchange === undefined || answer?.in === undefined) {
    return impossible('An ICMP error comes from further on: select a packet that left the host.');
  }
  const inner = asItArrived(exchange);
  if (inner === undefined) return impossible('The packet did not leave the host.');
  const unreachable = familyOf(answer.src) === 'ipv4' ? { type: 3, code: 1 } : { type: 1, code: 3 };
  return { kind: 'packet', packet: icmpPacket(answer, { ...unreachable, inner }) };
}

function asItArrived({ packet, result }: Exchange): ScenarioPacket | undefined {
  const frame = result.fate.kind === 'sent' ? ownFrame(packet, result, result.fate.device) : undefined;
  if (frame === undefined) return undefined;
  const { in: _in, out: _out, wait: _wait, ...rest } = packet;
  return {
    ...rest,
    src: frame.src,
    dst: frame.dst,
    ...(frame.sport === undefined ? {} : { sport: frame.sport }),
    ...(frame.dport === undefined ? {} : { dport: frame.dport }),
  };
}

function again(waitSeconds: number, { exchanges, selected }: MoveContext): Moved {
  const packet = exchanges[selected]?.packet;
  if (packet === undefined) return impossible('Select a packet first: this sends it once more.');
  return { kind: 'packet', packet: { ...packet, wait: waitSeconds } };
}

function impossible(why: string): Moved {
  return { kind: 'impossible', why };
}
