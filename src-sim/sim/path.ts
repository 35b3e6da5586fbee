/**
 * A packet's way through the IP stack: in, routed, delivered or forwarded, out. What the host makes on its account is
 * sim/own-packets.ts's business.
 *
 * @kernel net/ipv4/ip_input.c, ip_forward.c, ip_output.c, route.c
 */
import { isListening, LOOPBACK } from '../host/host';
import { decideInput, hasJoined, refusedOnArrival } from '../host/input-routing';
import { type HeaderProblem, hopByHopProblem } from '../host/ipv6-arrival';
import { findRoute, isMulticast, type Route, routeDevice } from '../host/routing';
import { cutToFit, largestOnTheWire, withHeaderPulled } from '../host/wire-pieces';
import type { Packet } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import type { Hook } from '../netfilter/hook';
import { gather } from './gather';
import { runHook } from './hooks';
import { beginStory, endStory, type InFlight, ownPacket, type Story } from './in-flight';
import type { Machine } from './machine';
import { hasNeighbour, isUsable, mayNotBroadcast, outputRoute } from './output-route';
import type { PacketFate } from './trace';
import type { Verdict } from './traverse';

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
  const problem = hopByHopProblem(flight.packet);
  if (problem) return refuseHeader(machine, flight, problem);
  const stopped = atHook(machine, flight, 'PREROUTING');
  if (stopped) return stopped;
  // What this host sent to everybody has its route already.
  return flight.packetType === 'loopback' ? deliver(machine, flight) : routeInput(machine, flight);
}

/** No route was looked up yet, but whether the packet is for this host counts for who tells of the problem. */
function refuseHeader(machine: Machine, flight: InFlight, { reason, error }: HeaderProblem): PacketFate {
  const route = findRoute(machine.host.routes, { dst: flight.packet.dst });
  if (error) machine.emitter.sendError(machine, { ...flight, route }, error);
  return dropped('IPv6', reason);
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
  const bridge = machine.host.interfaces.get(flight.outDevice ?? '');
  if (bridge && bridge.ports.length > 0) return machine.emitter.sendOverBridge(machine, flight, bridge);
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
export function atHook(machine: Machine, flight: InFlight, hook: Hook): PacketFate | undefined {
  const verdict = runHook(machine, flight, hook);
  if (verdict.kind === 'ACCEPT') return undefined;
  if (verdict.kind === 'STOLEN')
    return verdict.inTunnel ? sendInTunnel(machine, flight, verdict) : sendOn(machine, flight, verdict);
  if (verdict.kind === 'HELD') return verdict.fate;
  const { where, reason, rejected } = verdict;
  return { kind: rejected ? 'rejected' : 'dropped', where, reason };
}

type Stolen = Verdict & { readonly kind: 'STOLEN' };

/**
 * What IPVS took goes out by the route to the real server; FORWARD is not crossed.
 *
 * @kernel net/netfilter/ipvs/ip_vs_xmit.c:ip_vs_send_or_cont, ip_vs_nat_send_or_cont
 */
function sendOn(machine: Machine, flight: InFlight, { sent, route }: Stolen): PacketFate {
  flight.packet = sent;
  flight.isFromIpvs = true;
  takeRoute(flight, route, 'output');
  return atHook(machine, flight, 'OUTPUT') ?? postRoute(machine, flight);
}

/** The packet around it has its own addresses, and its own conntrack entry. @kernel …/ip_vs_xmit.c:ip_vs_tunnel_xmit */
function sendInTunnel(machine: Machine, flight: InFlight, stolen: Stolen): PacketFate {
  const story = beginStory(stolen.sent, "IPVS's tunnel carries it", machine.explain !== 'none');
  story.isTraced = flight.story.isTraced;
  machine.made.push(story);
  const { inDevice, mark, macSource, macDestination, sender } = flight;
  const outer: InFlight = { ...ownPacket(stolen.sent, story, sender), inDevice, mark, macSource, macDestination };
  const fate = sendOn(machine, outer, stolen);
  endStory(outer, fate);
  return fate;
}

export function dropped(where: string, reason: string): PacketFate {
  return { kind: 'dropped', where, reason };
}

export function routeInput(machine: Machine, flight: InFlight): PacketFate {
  const decision = decideInput(machine.host, flight.packet, flight.inDevice ?? '', flight.mark);
  if (decision.kind === 'drop') {
    const { reason, error } = decision;
    flight.story.steps?.push({ kind: 'routing', decision: 'none', text: reason });
    if (error) machine.emitter.sendError(machine, flight, error);
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
    machine.emitter.sendError(machine, flight, 'time-exceeded');
    return dropped('forwarding', 'its time to live has run out');
  }
  const scope = packet.family === 'ipv6' && flight.inDevice !== flight.outDevice ? scopeProblem(packet) : undefined;
  if (scope) {
    if (scope === 'link') machine.emitter.sendError(machine, flight, 'beyond-scope');
    return dropped('forwarding', `the source ${packet.src} means nothing beyond its link`);
  }
  const isWhole = packet.dontFragment || packet.family === 'ipv6';
  if (isWhole && largestOnTheWire(packet) > mtuOf(machine, flight.outDevice)) {
    machine.emitter.sendError(machine, flight, 'too-big');
    return dropped('forwarding', `${packet.length} bytes do not fit, and it may not be fragmented`);
  }
  flight.packet = { ...(packet.transport.kind === 'tcp' ? withHeaderPulled(packet) : packet), ttl: packet.ttl - 1 };
  return atHook(machine, flight, 'FORWARD') ?? postRoute(machine, flight);
}

/** Sources that no router passes on. @kernel net/ipv6/ip6_output.c:ip6_forward */
function scopeProblem({ src }: Packet): 'link' | 'host' | undefined {
  if (src === '::' || src === '::1') return 'host';
  return /^fe[89ab]/.test(src) ? 'link' : undefined;
}

export function mtuOf({ host }: Machine, device = ''): number {
  return host.interfaces.get(device)?.mtu ?? Number.POSITIVE_INFINITY;
}

/** @kernel net/ipv4/ip_input.c:ip_local_deliver */
function deliver(machine: Machine, flight: InFlight): PacketFate {
  const waiting = gather(machine, flight, 'deliver');
  if (waiting) return waiting;
  const { dst } = flight.packet;
  flight.story.steps?.push({ kind: 'routing', decision: 'local', text: `${dst} is an address of this host` });
  const stopped = atHook(machine, flight, 'INPUT');
  if (stopped) return stopped;
  machine.emitter.answerDelivered(machine, flight);
  return { kind: 'delivered', to: receiver(machine, flight.packet) };
}

function receiver({ host }: Machine, { protocol, transport }: Packet): string {
  if (!('dport' in transport) || transport.dport === undefined) return 'the kernel';
  const name = protocol === PROTOCOL.tcp ? 'tcp' : 'udp';
  return isListening(host, protocol, transport.dport)
    ? `${name}/${transport.dport}`
    : `nobody: ${name}/${transport.dport} is closed`;
}
