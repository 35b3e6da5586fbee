/**
 * A packet's way through the IP stack: in, routed, delivered or forwarded, out; and the packets that the host makes
 * on its account.
 *
 * @kernel net/ipv4/ip_input.c, ip_forward.c, ip_output.c, route.c
 */
import { setClosing } from '../conntrack/tcp';
import { otherDirection } from '../conntrack/tuple';
import { passesRejectChecksum } from '../host/checksum';
import { isListening, LOOPBACK } from '../host/host';
import { ICMP_ERRORS, type IcmpError, type IcmpErrorKind, REJECT_ERRORS } from '../host/icmp-errors';
import { decideInput, hasJoined, refusedOnArrival } from '../host/input-routing';
import { cutToFit, largestOnTheWire, withHeaderPulled } from '../host/reassembly';
import { findRoute, isMulticast, type Route, routeDevice } from '../host/routing';
import { KERNEL_SOCKET, type Sender } from '../host/sender';
import { icmpError, icmpReply, tcpReset } from '../host/stack';
import type { Destination } from '../ipvs/service';
import type { Address } from '../net/address';
import { type Packet, type TcpSegment, transportLength } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import type { Hook } from '../netfilter/hook';
import type { CopyRoute, Emitter } from './emitter';
import { gather, runHook, takeOutOfConntrack, WAITING } from './hooks';
import { beginStory, endStory, type InFlight, ownPacket, type Story } from './in-flight';
import type { Machine } from './machine';
import { hasNeighbour, isUsable, mayNotBroadcast, outputRoute } from './output-route';
import type { PacketFate } from './trace';

/** A frame comes in by a device. @kernel net/ipv4/ip_input.c:ip_rcv */
export function receive(machine: Machine, flight: InFlight): PacketFate {
  const isOwn = flight.inDevice === LOOPBACK || flight.packetType === 'loopback';
  const refused = refusedOnArrival(flight.packet, isOwn);
  if (refused) return dropped('link', refused);
  const mtu = mtuOf(machine, flight.inDevice);
  if (flight.packet.length > mtu && flight.packet.pieces === undefined) {
    return dropped('link', `the link carries ${mtu} bytes, not ${flight.packet.length}`);
  }
  if (flight.packetType === 'otherhost') return dropped('link', 'the frame is addressed to another host');
  const stopped = atHook(machine, flight, 'PREROUTING');
  if (stopped) return stopped;
  // What this host sent to everybody has its route already.
  return flight.packetType === 'loopback' ? deliver(machine, flight) : routeInput(machine, flight);
}

/** A local process, or the host itself, sends. @kernel net/ipv4/ip_output.c:__ip_local_out */
export function send(machine: Machine, flight: InFlight): PacketFate {
  flight.route ??= outputRoute(machine.host, flight);
  if (!isUsable(flight.route)) return dropped('routing', `there is no route to ${flight.packet.dst}`);
  if (mayNotBroadcast(flight)) {
    return dropped('socket', `${flight.packet.dst} is a broadcast address: the process must ask for SO_BROADCAST`);
  }
  takeRoute(flight, flight.route, 'output');
  const mtu = mtuOf(machine, flight.outDevice);
  if (flight.sender?.kind === 'process' && flight.packet.length > mtu) {
    return dropped('socket', `${flight.packet.length} bytes do not fit into the ${mtu} of ${flight.outDevice}`);
  }
  return atHook(machine, flight, 'OUTPUT') ?? postRoute(machine, flight);
}

/**
 * What this host sends to everybody, or to a group that it joined, it hears itself: a copy goes its own way out, and
 * comes back by the device that it would have left by, before the packet itself goes on.
 *
 * @kernel net/ipv4/ip_output.c:ip_mc_output, net/ipv6/ip6_output.c:ip6_finish_output2
 */
function hearOwn(machine: Machine, flight: InFlight): void {
  const { packet, route, outDevice } = flight;
  const isGroup = isMulticast(packet.dst);
  const concerns = route?.type === 'broadcast' || (isGroup && hasJoined(machine.host, packet.dst, outDevice ?? ''));
  if (flight.inDevice !== undefined || outDevice === LOOPBACK || !concerns) return;
  const told = beginStory(packet, 'the copy that this host hears itself', machine.explain !== 'none');
  const { log, isTraced } = flight.story;
  const story: Story = { ...told, isCopy: true, log, isTraced };
  machine.made.push(story);
  const copy: InFlight = { ...flight, story };
  const stopped = atHook(machine, copy, 'POSTROUTING');
  if (stopped) {
    endStory(copy, stopped);
    return;
  }
  const back: InFlight = { ...copy, inDevice: outDevice, outDevice: undefined, packetType: 'loopback' };
  endStory(back, receive(machine, back));
}

function postRoute(machine: Machine, flight: InFlight): PacketFate {
  // OUTPUT may have routed it again.
  if (flight.route) flight.outDevice = routeDevice(flight.route);
  if (!machine.host.kernel.postroutingSeesInput) flight.inDevice = undefined;
  if (flight.packet.family === 'ipv4') hearOwn(machine, flight);
  const stopped = atHook(machine, flight, 'POSTROUTING');
  if (stopped) return stopped;
  if (flight.packet.family === 'ipv6') hearOwn(machine, flight);
  if (flight.outDevice === LOOPBACK) return loopBack(machine, flight);
  if (!hasNeighbour(machine.host, flight)) {
    return dropped('neighbour', `${flight.packet.dst} is the address of its network: nobody answers for it`);
  }
  flight.packet = cutToFit(flight.packet, mtuOf(machine, flight.outDevice));
  machine.sent.push(flight);
  return { kind: 'sent', device: flight.outDevice ?? '' };
}

/** What goes out by lo comes in by lo, and keeps its conntrack entry. @kernel drivers/net/loopback.c:loopback_xmit */
function loopBack(machine: Machine, flight: InFlight): PacketFate {
  flight.inDevice = LOOPBACK;
  flight.sender = undefined;
  flight.outDevice = undefined;
  if (machine.isDuplicating) {
    machine.waitingAtLoopback.push(flight);
    return { kind: 'held', reason: 'lo holds the copy until the packet has gone its way' };
  }
  return receive(machine, flight);
}

/** @returns the packet's fate where its way ends at the hook */
function atHook(machine: Machine, flight: InFlight, hook: Hook): PacketFate | undefined {
  const verdict = runHook(machine, flight, hook, EMITTER);
  if (verdict.kind === 'ACCEPT') return undefined;
  if (verdict.kind === 'STOLEN') return sendToRealServer(machine, flight, verdict.to);
  if (verdict.kind === 'HELD') return verdict.fate;
  const { where, reason, rejected } = verdict;
  return { kind: rejected ? 'rejected' : 'dropped', where, reason };
}

/**
 * Direct routing: the packet, its addresses untouched, goes out by the route to the real server; FORWARD is not
 * crossed.
 *
 * @kernel net/netfilter/ipvs/ip_vs_xmit.c:ip_vs_dr_xmit
 */
function sendToRealServer(machine: Machine, flight: InFlight, to: Destination): PacketFate {
  const { packet } = flight;
  if (to.method !== 'dr') return { kind: 'held', reason: 'IPVS is simulated in direct-routing mode only' };
  const route = findRoute(machine.host.routes, { dst: to.address });
  if (!isUsable(route)) return dropped('ipvs', `there is no route to the real server ${to.address}`);
  if (packet.ttl <= 1) {
    sendError(machine, flight, 'time-exceeded');
    return dropped('ipvs', 'its time to live has run out');
  }
  takeOutOfConntrack(flight, 'INPUT');
  flight.packet = { ...packet, ttl: packet.ttl - 1 };
  flight.isFromIpvs = true;
  takeRoute(flight, route, 'output');
  return atHook(machine, flight, 'OUTPUT') ?? postRoute(machine, flight);
}

function dropped(where: string, reason: string): PacketFate {
  return { kind: 'dropped', where, reason };
}

function routeInput(machine: Machine, flight: InFlight): PacketFate {
  const decision = decideInput(machine.host, flight.packet, flight.inDevice ?? '', flight.mark);
  if (decision.kind === 'drop') {
    const { reason, error } = decision;
    flight.story.steps?.push({ kind: 'routing', decision: 'none', text: reason });
    if (error) sendError(machine, flight, error);
    return dropped('routing', reason);
  }
  if (decision.kind === 'forward') {
    takeRoute(flight, decision.route, 'forward');
    return forward(machine, flight);
  }
  flight.route = decision.route;
  return deliver(machine, flight);
}

function takeRoute(flight: InFlight, route: Route, decision: 'forward' | 'output'): void {
  const device = routeDevice(route) ?? '';
  const via = route.gateway === undefined ? '' : ` via ${route.gateway}`;
  flight.route = route;
  flight.outDevice = device;
  flight.story.steps?.push({
    kind: 'routing',
    decision,
    device,
    text: `${flight.packet.dst} is reached by ${device}${via}`,
  });
}

/** @kernel net/ipv4/ip_forward.c:ip_forward */
function forward(machine: Machine, flight: InFlight): PacketFate {
  const { packet } = flight;
  if (flight.packetType !== 'unicast') return dropped('forwarding', 'a broadcast frame is not forwarded');
  if (flight.assignedPort !== undefined)
    return dropped('forwarding', 'TPROXY gave it to a socket of this host: what has one is not forwarded');
  if (packet.ttl <= 1) {
    sendError(machine, flight, 'time-exceeded');
    return dropped('forwarding', 'its time to live has run out');
  }
  const isWhole = packet.dontFragment || packet.family === 'ipv6';
  if (isWhole && largestOnTheWire(packet) > mtuOf(machine, flight.outDevice)) {
    sendError(machine, flight, 'too-big');
    return dropped('forwarding', `${packet.length} bytes do not fit, and it may not be fragmented`);
  }
  flight.packet = { ...(packet.transport.kind === 'tcp' ? withHeaderPulled(packet) : packet), ttl: packet.ttl - 1 };
  return atHook(machine, flight, 'FORWARD') ?? postRoute(machine, flight);
}

function mtuOf({ host }: Machine, device = ''): number {
  return host.interfaces.get(device)?.mtu ?? Number.POSITIVE_INFINITY;
}

/** @kernel net/ipv4/ip_input.c:ip_local_deliver */
function deliver(machine: Machine, flight: InFlight): PacketFate {
  if (!gather(machine, flight, 'deliver')) return WAITING;
  const { dst } = flight.packet;
  flight.story.steps?.push({ kind: 'routing', decision: 'local', text: `${dst} is an address of this host` });
  const stopped = atHook(machine, flight, 'INPUT');
  if (stopped) return stopped;
  answer(machine, flight);
  return { kind: 'delivered', to: receiver(machine, flight.packet) };
}

function receiver({ host }: Machine, { protocol, transport }: Packet): string {
  if (!('dport' in transport) || transport.dport === undefined) return 'the kernel';
  const name = protocol === PROTOCOL.tcp ? 'tcp' : 'udp';
  return isListening(host, protocol, transport.dport)
    ? `${name}/${transport.dport}`
    : `nobody: ${name}/${transport.dport} is closed`;
}

/** IGMP is heard and never answered; other protocols have no reader here. */
const SILENT_PROTOCOLS: ReadonlySet<number> = new Set([PROTOCOL.igmp]);

/** What the stack does with a packet that was delivered. */
function answer(machine: Machine, flight: InFlight): void {
  const { packet } = flight;
  const { transport, protocol } = packet;
  if (flight.route?.type !== 'local' || isChecksumSpoilt(flight)) return;
  if (transport.kind === 'icmp') {
    const reply = icmpReply(packet, transport);
    if (reply) sendOwn(machine, reply, 'the host answers the request', KERNEL_SOCKET);
  } else if (transport.kind === 'tcp') {
    if (flight.packetType === 'unicast') answerTcp(machine, flight, transport);
  } else if (transport.kind === 'udp') {
    // Its entry is let go before anybody looks for a socket. @kernel net/ipv4/udp.c:__udp4_lib_rcv
    flight.attachment = undefined;
    if (!isListening(machine.host, protocol, flight.assignedPort ?? transport.dport))
      sendError(machine, flight, 'port-unreachable');
  } else if (!SILENT_PROTOCOLS.has(protocol)) {
    sendError(machine, flight, 'protocol-unreachable');
  }
}

/** Up to so many bytes the kernel adds a packet up at once. @kernel include/linux/skbuff.h:CHECKSUM_BREAK */
const CHECKSUM_BREAK = 76;

/**
 * Conntrack verifies an arriving packet and keeps the sum, header included. IPv6 has no header checksum that would make
 * up for a changed traffic class: the sum is wrong then, and the socket throws the packet away. Asked of a 6.18 kernel.
 */
function isChecksumSpoilt({ packet, attachment, story }: InFlight): boolean {
  const changed = packet.family === 'ipv6' && packet.tos !== story.packet.tos;
  return changed && attachment?.kind === 'tracked' && transportLength(packet) > CHECKSUM_BREAK;
}

function answerTcp(machine: Machine, { packet, assignedPort }: InFlight, tcp: TcpSegment): void {
  const listening = isListening(machine.host, packet.protocol, assignedPort ?? tcp.dport);
  const answer = machine.sockets.answer(packet, tcp, listening, machine.now, () => machine.random());
  if (answer === undefined) return;
  // The RST of a closed port has a socket of the kernel's in IPv4, none in IPv6.
  const nobody = packet.family === 'ipv4' ? KERNEL_SOCKET : undefined;
  sendOwn(machine, answer.packet, answer.what, answer.sender ?? nobody);
}

/** Virtual time passes; what the host sends meanwhile, it sends. */
export function advance(machine: Machine, seconds: number): void {
  const until = machine.now + seconds;
  for (let due = machine.sockets.nextResend(until); due; due = machine.sockets.nextResend(until)) {
    machine.now = due.at;
    sendOwn(machine, due.packet, due.what, due.sender);
  }
  machine.now = until;
}

/** A packet of the host's own walks out; its story stands beside the one that caused it. */
function sendOwn(
  machine: Machine,
  packet: Packet,
  what: string,
  sender: Sender | undefined,
  prepare?: (flight: InFlight) => void,
): void {
  const isMessage = packet.transport.kind === 'icmp';
  // One socket sends all ICMP, and its lock is not taken twice: what befalls a message on its way out causes no other.
  // @kernel net/ipv4/icmp.c:icmp_xmit_lock
  if (isMessage && machine.sendsIcmp) return;
  const numbered = isMessage ? { ...packet, id: 1 + Math.floor(machine.random() * 65_535) } : packet;
  const story = beginStory(numbered, what, machine.explain !== 'none');
  machine.made.push(story);
  const flight = ownPacket(numbered, story, sender);
  prepare?.(flight);
  const before = machine.sendsIcmp;
  machine.sendsIcmp ||= isMessage;
  endStory(flight, send(machine, flight));
  machine.sendsIcmp = before;
}

function sendError(machine: Machine, about: InFlight, kind: IcmpErrorKind): void {
  const error = ICMP_ERRORS[about.packet.family][kind];
  sendIcmpError(machine, about, error, kind === 'too-big' ? mtuOf(machine, about.outDevice) : undefined);
}

/** @kernel net/ipv4/icmp.c:__icmp_send, net/ipv6/icmp.c:icmp6_send */
function sendIcmpError(machine: Machine, about: InFlight, error: IcmpError, mtu?: number): void {
  const { packet, route } = about;
  if (about.packetType !== 'unicast' || route?.type === 'broadcast' || isMulticast(packet.dst)) return;
  const source = route?.type === 'local' ? packet.dst : sourceTowards(machine, packet.src);
  const message = source === undefined ? undefined : icmpError(packet, error, source, mtu);
  if (message) sendOwn(machine, message, error.name, KERNEL_SOCKET, (flight) => attachTo(flight, about));
}

/** The address that the host speaks from towards another. */
function sourceTowards({ host }: Machine, dst: Address): Address | undefined {
  const route = findRoute(host.routes, { dst });
  return route?.preferredSource ?? host.interfaces.get(route?.device ?? '')?.addresses[0]?.address;
}

/** What answers a packet belongs to its flow. @kernel net/netfilter/nf_conntrack_core.c:nf_conntrack_attach */
function attachTo(flight: InFlight, about: InFlight): void {
  const { attachment } = about;
  if (attachment?.kind !== 'tracked') return;
  flight.attachment = {
    kind: 'tracked',
    entry: attachment.entry,
    info: 'RELATED',
    direction: otherDirection(attachment.direction),
  };
}

function reject(machine: Machine, about: InFlight, type: string): void {
  const { packet } = about;
  if (packet.family === 'ipv4' && !passesRejectChecksum(packet)) return;
  const error = REJECT_ERRORS.get(type);
  if (error) {
    sendIcmpError(machine, about, error);
  } else if (type === 'tcp-reset' && packet.transport.kind === 'tcp') {
    const reset = tcpReset(packet, packet.transport, 0);
    if (reset && about.route?.type !== 'broadcast')
      sendOwn(machine, reset, "REJECT's RST", undefined, (flight) => closeFlow(machine, flight, about));
  }
}

function closeFlow(machine: Machine, reset: InFlight, about: InFlight): void {
  attachTo(reset, about);
  if (about.attachment?.kind === 'tracked') setClosing(about.attachment.entry, machine.conntrack());
}

/**
 * TEE's copy leaves by the route to its gateway, whatever its destination; conntrack does not see it.
 *
 * @kernel net/ipv4/netfilter/nf_dup_ipv4.c:nf_dup_ipv4, net/ipv6/netfilter/nf_dup_ipv6.c:nf_dup_ipv6
 */
function duplicate(machine: Machine, about: InFlight, hook: Hook, { gateway, device }: CopyRoute): void {
  if (machine.isDuplicating) return;
  const { packet } = about;
  const route = findRoute(machine.host.routes, {
    dst: gateway,
    ...(device === undefined ? {} : { outDevice: device }),
  });
  if (!isUsable(route)) return;
  const ttl = hook === 'PREROUTING' || hook === 'INPUT' ? packet.ttl - 1 : packet.ttl;
  const copy: Packet = { ...packet, ttl, dontFragment: packet.family === 'ipv4' || packet.dontFragment };
  const told = beginStory(copy, "TEE's copy", machine.explain !== 'none');
  const story: Story = { ...told, isCopy: true, log: about.story.log, isTraced: about.story.isTraced };
  machine.made.push(story);
  const flight = ownPacket(copy, story, undefined);
  flight.mark = about.mark;
  flight.attachment = { kind: 'untracked' };
  flight.route = route;
  machine.isDuplicating = true;
  endStory(flight, send(machine, flight));
  machine.isDuplicating = false;
}

/** Copies that came back by lo. A rule that copies them again would keep the kernel busy for ever. */
const MOST_WAITING = 32;

/** What lo holds is received when the packet that came before has gone its way. @kernel net/core/dev.c:process_backlog */
export function receiveWaiting(machine: Machine): void {
  for (let count = 0; count < MOST_WAITING; count++) {
    const flight = machine.waitingAtLoopback.shift();
    if (flight === undefined) return;
    endStory(flight, receive(machine, flight));
  }
  if (machine.waitingAtLoopback.length > 0) machine.unsure.push('-j TEE: its copies are copied again without end');
  machine.waitingAtLoopback.length = 0;
}

/** @kernel net/netfilter/nf_synproxy_core.c:synproxy_send_tcp */
function answerFlow(machine: Machine, about: InFlight, packet: Packet, what: string): void {
  sendOwn(machine, packet, what, undefined, (flight) => {
    if (about.attachment?.kind !== 'tracked') return;
    flight.attachment = { ...about.attachment, info: 'ESTABLISHED', direction: 'reply' };
  });
}

const EMITTER: Emitter = { reject, duplicate, answer: answerFlow };
