/**
 * Packets that the host makes on account of others: answers, errors, copies. Each takes its own way through the stack.
 *
 * @kernel net/ipv4/icmp.c, net/ipv6/icmp.c, net/ipv4/tcp_ipv4.c, net/ipv4/netfilter/nf_reject_ipv4.c
 */
import { setClosing } from '../conntrack/tcp';
import { otherDirection } from '../conntrack/tuple';
import { passesRejectChecksum } from '../host/checksum';
import { isListening, isOwnAddress, isTransparent, LOOPBACK, maySpeakFrom } from '../host/host';
import { ICMP_ERRORS, type IcmpError, type IcmpErrorKind, REJECT_ERRORS } from '../host/icmp-errors';
import { decideInput } from '../host/input-routing';
import { extensionProblem } from '../host/ipv6-arrival';
import { findRoute, isMulticast } from '../host/routing';
import { KERNEL_SOCKET, type Sender } from '../host/sender';
import { sourceAddress, sourceTowards } from '../host/source-address';
import { icmpError, icmpReply, tcpReset } from '../host/stack';
import type { Address } from '../net/address';
import { destinationPort, type Packet, TCP_FLAG, type TcpSegment, transportLength } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import type { Hook } from '../netfilter/hook';
import { sendOverBridge } from './bridging';
import type { CopyRoute, Emitter } from './emitter';
import { beginStory, endStory, type InFlight, ownPacket, type Story } from './in-flight';
import type { Machine } from './machine';
import { isUsable, outputRoute } from './output-route';
import { mtuOf, receive, send } from './path';

/** IGMP and PIM are heard and never answered; other protocols have no reader here. */
const SILENT_PROTOCOLS: ReadonlySet<number> = new Set([PROTOCOL.igmp, PROTOCOL.pim]);

/** What the stack does with a packet that was delivered. */
function answerDelivered(machine: Machine, flight: InFlight): void {
  const { packet } = flight;
  const { transport, protocol } = packet;
  if (flight.route?.type !== 'local' || packet.spoilt || isChecksumSpoilt(flight)) return;
  const problem = extensionProblem(packet);
  if (problem?.error) sendError(machine, flight, problem.error);
  if (problem) return;
  if (!maySpeakFrom(machine.host, packet.dst) && !isForProxy(machine, flight)) return;
  if (transport.kind === 'icmp') {
    const reply = icmpReply(packet, transport);
    const src = flight.route.isAnycast ? sourceOfOneOfMany(machine, flight) : packet.dst;
    if (reply && src) sendOwn(machine, { ...reply, src }, 'the host answers the request', KERNEL_SOCKET);
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

/**
 * Who is asked as one of many answers as himself, by the interface that he was asked by, or not at all.
 *
 * @kernel net/ipv6/icmp.c:icmpv6_echo_reply, net/ipv6/route.c:ip6_route_output_flags_noref
 */
function sourceOfOneOfMany(machine: Machine, flight: InFlight): Address | undefined {
  const { packet, inDevice } = flight;
  const isFromOutside = inDevice !== undefined && inDevice !== LOOPBACK;
  const route = isFromOutside && findRoute(machine.host.routes, { dst: packet.src, outDevice: inDevice });
  return route === undefined ? undefined : answeringSource(machine, flight);
}

/** A transparent socket answers from any address. */
function isForProxy({ host }: Machine, { packet, assignedPort }: InFlight): boolean {
  const port = assignedPort ?? destinationPort(packet);
  return port !== undefined && isTransparent(host, packet.protocol, port);
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

function answerTcp(machine: Machine, { packet, assignedPort, route }: InFlight, tcp: TcpSegment): void {
  const listening = isListening(machine.host, packet.protocol, assignedPort ?? tcp.dport);
  // Nobody connects to one of many. @kernel net/ipv6/tcp_ipv6.c:tcp_v6_conn_request, tcp_v6_send_reset
  const opens = (tcp.flags & (TCP_FLAG.S | TCP_FLAG.A | TCP_FLAG.R)) === TCP_FLAG.S;
  if (route?.isAnycast && (!listening || opens)) return;
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
    giveFragmentsUp(machine, due.at);
    machine.now = due.at;
    sendOwn(machine, due.packet, due.what, due.sender);
  }
  giveFragmentsUp(machine, until);
  machine.now = until;
}

/**
 * Who sent fragments that waited too long is told, where the first has come. What conntrack gathers of packets for
 * others it gives up in silence.
 *
 * @kernel net/ipv4/ip_fragment.c:ip_expire, include/net/ipv6_frag.h:ip6frag_expire_frag_queue
 */
function giveFragmentsUp(machine: Machine, until: number): void {
  for (let due = machine.fragments.nextAbandoned(until); due; due = machine.fragments.nextAbandoned(until)) {
    machine.now = due.at;
    const { first, device, user } = due;
    if (first === undefined || device === undefined) continue;
    const decision = decideInput(machine.host, first, device, 0);
    if (decision.kind === 'drop') continue;
    const isTold = decision.kind === 'deliver' || user === 'deliver' || first.family === 'ipv6';
    if (!isTold) continue;
    const about = ownPacket(first, beginStory(first, '', false), undefined);
    sendError(machine, { ...about, inDevice: device, route: decision.route }, 'reassembly-time-exceeded');
  }
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

function sendError(machine: Machine, about: InFlight, kind: IcmpErrorKind, mtu?: number): void {
  const error = ICMP_ERRORS[about.packet.family][kind];
  sendIcmpError(machine, about, error, kind === 'too-big' ? (mtu ?? mtuOf(machine, about.outDevice)) : undefined);
}

/** @kernel net/ipv4/icmp.c:__icmp_send, net/ipv6/icmp.c:icmp6_send */
function sendIcmpError(machine: Machine, about: InFlight, error: IcmpError, mtu?: number): void {
  const { packet, route } = about;
  if (about.packetType !== 'unicast' || route?.type === 'broadcast' || isMulticast(packet.dst)) return;
  if (packet.family === 'ipv6' && (packet.src === '::' || isMulticast(packet.src))) return;
  // A frame that a bridge forwards has no route, but may be for the host all the same: IPv6 looks at the address.
  const isOfHost = route?.type === 'local' || (packet.family === 'ipv6' && isOwnAddress(machine.host, packet.dst));
  const source = isOfHost ? packet.dst : answeringSource(machine, about);
  const message =
    source === undefined || !maySpeakFrom(machine.host, source) ? undefined : icmpError(packet, error, source, mtu);
  if (message === undefined) return;
  sendOwn(machine, message, error.name, KERNEL_SOCKET, (flight) => {
    attachTo(flight, about);
    flight.route = outputRoute(machine.host, flight, isOfHost || packet.family === 'ipv6');
  });
}

/**
 * The address that the host speaks from to the sender of a packet; in IPv6 as if it were sent by the interface that the
 * packet came in by.
 *
 * @kernel net/ipv4/icmp.c:__icmp_send, net/ipv6/icmp.c:icmp6_send
 */
function answeringSource({ host }: Machine, { packet, inDevice, heardBy = inDevice }: InFlight): Address | undefined {
  const { family, src } = packet;
  if (family === 'ipv6' && heardBy) return sourceAddress(host, heardBy, src, src);
  return sourceTowards(host, src);
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
  if (!passesRejectChecksum(packet)) return;
  const error = REJECT_ERRORS.get(type);
  if (error) {
    sendIcmpError(machine, about, error);
  } else if (type === 'tcp-reset' && packet.transport.kind === 'tcp') {
    const reset = tcpReset(packet, packet.transport, 0);
    if (reset && about.bridgePorts?.in !== undefined) resetOverPort(machine, about, reset, about.bridgePorts.in);
    else if (reset && about.route?.type !== 'broadcast')
      sendOwn(machine, reset, "REJECT's RST", undefined, (flight) => closeFlow(machine, flight, about));
  }
}

/** It leaves by the port at once, and meets no chain. @kernel net/ipv4/netfilter/nf_reject_ipv4.c:nf_send_reset */
function resetOverPort(machine: Machine, about: InFlight, reset: Packet, port: string): void {
  const story = beginStory(reset, "REJECT's RST", machine.explain !== 'none');
  const flight: InFlight = { ...ownPacket(reset, story, undefined), outDevice: port };
  machine.made.push(story);
  closeFlow(machine, flight, about);
  machine.sent.push(flight);
  endStory(flight, { kind: 'sent', device: port });
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
    inDevice: LOOPBACK,
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
  if (machine.waitingAtLoopback.length > 0) {
    const taken = 'no more copies';
    machine.unsure.push({ what: '-j TEE', reason: 'its copies are copied again without end', taken });
  }
  machine.waitingAtLoopback.length = 0;
}

/** @kernel net/netfilter/nf_synproxy_core.c:synproxy_send_tcp */
function answerFlow(machine: Machine, about: InFlight, packet: Packet, what: string): void {
  sendOwn(machine, packet, what, undefined, (flight) => {
    if (about.attachment?.kind !== 'tracked') return;
    flight.attachment = { ...about.attachment, info: 'ESTABLISHED', direction: 'reply' };
  });
}

export const OWN_PACKETS: Emitter = {
  sendError,
  answerDelivered,
  sendOverBridge,
  reject,
  duplicate,
  answer: answerFlow,
};
