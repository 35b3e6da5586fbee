/**
 * Frames on a bridge: those that come in by a port are passed on to other ports, handed up to the host, or both; those
 * of the host leave by its ports. ebtables sees them, and the IP chains too, with the bridge for interface
 * (br_netfilter).
 *
 * @kernel net/bridge/br_input.c:br_handle_frame, br_forward.c:br_flood, br_netfilter_hooks.c
 */
import { BROADCAST_MAC, isGroupMac } from '../ebt/mac-type';
import type { BridgeAnswer } from '../ebt/walk';
import type { FrameType } from '../ebt/world';
import type { Interface } from '../host/host';
import { decideInput, refusedOnArrival } from '../host/input-routing';
import { findRoute, routeDevice } from '../host/routing';
import { onTheWire } from '../host/wire-pieces';
import { type BridgeHook, type BridgeHookFunction, bridgeHookEntries } from '../netfilter/hook';
import { type BridgeCrossing, walkBridge } from './bridge-tables';
import { knownPort, learn } from './forwarding-database';
import { runConfirm } from './hooks';
import { beginStory, endStory, type InFlight, type Story } from './in-flight';
import type { Machine } from './machine';
import { atHook, dropped, receive, routeInput } from './path';
import type { PacketFate } from './trace';

interface Bridging extends BridgeCrossing {
  readonly inPort: Interface;
  /** Whether the IP chains are asked. */
  readonly filters: boolean;
}

const CALLS_CHAINS = {
  ipv4: 'net.bridge.bridge-nf-call-iptables',
  ipv6: 'net.bridge.bridge-nf-call-ip6tables',
} as const;

export function receiveOnPort(machine: Machine, flight: InFlight, bridge: Interface, inPort: Interface): PacketFate {
  const filters = machine.host.sysctl.get(CALLS_CHAINS[flight.packet.family]) !== 0;
  const bridging: Bridging = { machine, bridge, inPort, outPort: undefined, filters };
  const { macSource = '', macDestination = '' } = flight;
  if (isGroupMac(macSource) || macSource === NOBODY)
    return dropped('bridge', `no station has the address ${macSource}`);
  flight.frameType = frameTypeTo(macDestination, [inPort.mac, bridge.mac]);
  const kept = LINK_LOCAL.exec(macDestination)?.[1];
  if (kept !== undefined && kept !== STP) return keepOnLink(bridging, flight, kept);
  const stopped = atBridgeHook(bridging, flight, 'PREROUTING');
  if (stopped) return stopped;
  learn(machine, bridge, macSource, inPort.name);
  return switchFrame(bridging, flight);
}

const NOBODY = '00:00:00:00:00:00';

/** @param own addresses that make a frame the host's */
function frameTypeTo(mac: string, own: readonly string[]): FrameType {
  if (mac === BROADCAST_MAC) return 'broadcast';
  if (isGroupMac(mac)) return 'multicast';
  return own.includes(mac) ? 'host' : 'otherhost';
}

/** Addresses that bridges do not pass on (IEEE 802.1D); a bridge without spanning tree passes that of BPDUs. */
const LINK_LOCAL = /^01:80:c2:00:00:0([0-9a-f])$/;
const STP = '0';
const PAUSE = '1';
const LLDP = 'e';

function keepOnLink(bridging: Bridging, flight: InFlight, kept: string): PacketFate {
  const { machine, bridge, inPort } = bridging;
  if (kept === PAUSE) return dropped('bridge', 'a PAUSE frame is not passed on');
  const stopped = kept === LLDP ? undefined : atBridgeHook(bridging, flight, 'INPUT');
  if (stopped) return stopped;
  learn(machine, bridge, flight.macSource ?? '', inPort.name);
  return receiveAtPort(bridging, flight);
}

/** The host takes the frame as if the port were none of a bridge's. */
function receiveAtPort({ machine, inPort }: Bridging, flight: InFlight): PacketFate {
  flight.inDevice = inPort.name;
  flight.packetType = linkTypeOf(frameTypeTo(flight.macDestination ?? '', [inPort.mac]));
  return receive(machine, flight);
}

function linkTypeOf(type: FrameType): InFlight['packetType'] {
  return type === 'broadcast' || type === 'multicast' || type === 'otherhost' ? type : 'unicast';
}

/** @returns the frame's fate where its way over the bridge ends at the hook */
function atBridgeHook(crossing: BridgeCrossing | Bridging, flight: InFlight, hook: BridgeHook): PacketFate | undefined {
  for (const { run } of bridgeHookEntries(hook, crossing.machine.bridgeVariant)) {
    const fate = runOne(crossing, flight, hook, run);
    if (fate) return fate;
  }
  return undefined;
}

function runOne(
  crossing: BridgeCrossing | Bridging,
  flight: InFlight,
  hook: BridgeHook,
  run: BridgeHookFunction,
): PacketFate | undefined {
  const bridged = 'filters' in crossing ? crossing : undefined;
  switch (run.kind) {
    case 'bridge-table': {
      const answer = walkBridge(crossing, flight, run.table, run.chain);
      if (answer?.verdict !== 'DROP') return undefined;
      if (run.table === 'broute' && bridged) return routeInstead(bridged, flight);
      return dropped(...dropOf(run.table, answer));
    }
    case 'ip-chains':
      return bridged?.filters ? atIpChains(bridged, flight, hook) : undefined;
    case 'bridge-confirm':
      // What was not addressed to the host alone gets its entry here. @kernel …:br_nf_local_in
      if (bridged?.filters && flight.frameType !== 'host') runConfirm(crossing.machine, flight, 'INPUT');
      return undefined;
  }
}

function dropOf(table: string, { chain, number, rule }: BridgeAnswer): [where: string, reason: string] {
  const place = `ebtables ${table}:${chain.name}:${rule === undefined ? 'policy' : number}`;
  return [place, rule === undefined ? `the policy of ${chain.name} is DROP` : rule.text];
}

/** DROP in `broute`: the port's own frame goes up. @kernel net/bridge/netfilter/ebtable_broute.c:ebt_broute */
function routeInstead(bridging: Bridging, flight: InFlight): PacketFate {
  const text = `broute: the frame is not bridged, but comes in by ${bridging.inPort.name} alone`;
  flight.story.steps?.push({ kind: 'bridge', text });
  return receiveAtPort(bridging, flight);
}

/** Their own hook sees a frame for another host as one for this. @kernel …:setup_pre_routing, br_nf_forward_ip */
function atIpChains(bridging: Bridging, flight: InFlight, hook: BridgeHook): PacketFate | undefined {
  const { machine, bridge, inPort, outPort } = bridging;
  if (hook === 'INPUT' || hook === 'OUTPUT') return undefined;
  const type = linkTypeOf(flight.frameType ?? 'host');
  flight.packetType = type === 'otherhost' ? 'unicast' : type;
  flight.inDevice = hook === 'POSTROUTING' ? undefined : bridge.name;
  flight.outDevice = hook === 'PREROUTING' ? undefined : bridge.name;
  flight.bridgePorts = { in: inPort.name, out: outPort };
  flight.heardBy = '';
  const before = flight.packet.dst;
  const stopped = atHook(machine, flight, hook);
  if (stopped || hook !== 'PREROUTING' || flight.packet.dst === before) return stopped;
  return redirectFrame(bridging, flight);
}

/**
 * DNAT to a host of the bridge goes on over the bridge, to another one by the host. What cannot be routed at all is
 * dropped before the bridge has learnt where it came from.
 *
 * @kernel …:br_nf_pre_routing_finish, br_netfilter_ipv6.c:br_nf_pre_routing_finish_ipv6
 */
function redirectFrame({ machine, bridge }: Bridging, flight: InFlight): PacketFate | undefined {
  const towards = routeTowards(machine, bridge, flight);
  if ('reason' in towards) return dropped('routing', towards.reason);
  const staysHere = towards.device === bridge.name;
  flight.macDestination = staysHere ? neighbourMac(machine, bridge) : bridge.mac;
  if (staysHere) return undefined;
  flight.frameType = 'host';
  flight.heardBy = towards.device;
  return undefined;
}

type Towards = { readonly device: string | undefined } | { readonly reason: string };

/** IPv6 looks for the route without asking whether the host forwards; in IPv4 a route that leads nowhere is one, too. */
function routeTowards({ host }: Machine, { name }: Interface, { packet, mark }: InFlight): Towards {
  if (packet.family === 'ipv4') {
    const decision = decideInput(host, packet, name, mark);
    if (decision.kind === 'drop' && decision.isMartian) return { reason: decision.reason };
    return { device: decision.kind === 'forward' ? routeDevice(decision.route) : undefined };
  }
  const route = findRoute(host.routes, { dst: packet.dst, src: packet.src, mark, inDevice: name });
  if (route?.type === 'unicast') return { device: routeDevice(route) };
  return route?.type === 'local' ? { device: undefined } : { reason: `there is no route to ${packet.dst}` };
}

/** Whoever lives behind a bridge lives behind its first port. */
function neighbourMac({ host }: Machine, { ports }: Interface): string {
  return host.interfaces.get(ports[0] ?? '')?.peerMac ?? '';
}

/** @kernel net/bridge/br_input.c:br_handle_frame_finish */
function switchFrame(bridging: Bridging, flight: InFlight): PacketFate {
  const { machine, bridge, inPort } = bridging;
  const mac = flight.macDestination ?? '';
  if (isOwnMac(machine, bridge, mac)) return handUp(bridging, flight);
  const towards = portsTowards(machine, bridge, mac).filter((name) => name !== inPort.name);
  const isForHost = isGroupMac(mac);
  tellPorts(flight, mac, towards, isForHost);
  const copies = isForHost ? towards : towards.slice(0, -1);
  for (const name of copies) passCopy(bridging, flight, name);
  if (isForHost) return handUp(bridging, flight);
  const last = towards.at(-1);
  return last === undefined
    ? dropped('bridge', `${mac} is behind the port that the frame came in by`)
    : passOn(bridging, flight, last);
}

function tellPorts({ story }: InFlight, mac: string, ports: readonly string[], isForHost: boolean): void {
  if (ports.length === 0 && !isForHost) return;
  const receivers = [...ports, ...(isForHost ? ['the host'] : [])].join(', ');
  story.steps?.push({ kind: 'bridge', text: `the frame for ${mac} goes to ${receivers}` });
}

function isOwnMac({ host }: Machine, bridge: Interface, mac: string): boolean {
  return mac === bridge.mac || bridge.ports.some((name) => host.interfaces.get(name)?.mac === mac);
}

/** The port behind which an address was seen; all, where none is known, the last that joined first. */
function portsTowards(machine: Machine, bridge: Interface, mac: string): readonly string[] {
  const known = isGroupMac(mac) ? undefined : knownPort(machine, bridge, mac);
  return known === undefined ? [...bridge.ports].reverse() : [known];
}

function passCopy(bridging: Bridging, flight: InFlight, name: string): void {
  const { machine } = bridging;
  const { log, isTraced } = flight.story;
  const told = beginStory(flight.packet, `the copy for the port ${name}`, machine.explain !== 'none');
  const story: Story = { ...told, isCopy: true, log, isTraced };
  machine.made.push(story);
  const copy: InFlight = { ...flight, story };
  endStory(copy, passOn(bridging, copy, name));
}

/** Neither is it routed, nor does its time to live run. @kernel net/bridge/br_forward.c:__br_forward */
function passOn(bridging: Bridging, flight: InFlight, outPort: string): PacketFate {
  const crossing: Bridging = { ...bridging, outPort };
  const stopped = atBridgeHook(crossing, flight, 'FORWARD') ?? leave(crossing, flight);
  if (stopped) return stopped;
  flight.outDevice = outPort;
  bridging.machine.sent.push(flight);
  return { kind: 'sent', device: outPort };
}

/** No rule sees there by which port the frame came in. */
function leave(crossing: BridgeCrossing, flight: InFlight): PacketFate | undefined {
  return atBridgeHook(crossing, flight, 'POSTROUTING');
}

/** PREROUTING is not crossed a second time. @kernel net/bridge/br_input.c:br_pass_frame_up, …:ip_sabotage_in */
function handUp(bridging: Bridging, flight: InFlight): PacketFate {
  const { machine, bridge, filters } = bridging;
  const stopped = atBridgeHook(bridging, flight, 'INPUT');
  if (stopped) return stopped;
  flight.inDevice = bridge.name;
  flight.packetType = linkTypeOf(flight.frameType ?? 'host');
  flight.heardBy ||= undefined;
  if (flight.packetType === 'otherhost') return dropped('link', 'the frame is addressed to another port');
  if (!filters) return receive(machine, flight);
  // How its fragments were cut is forgotten: what is routed is sent whole. @kernel net/ipv4/ip_input.c:ip_rcv_core
  const { pieces: _, ...whole } = flight.packet;
  flight.packet = whole;
  const refused = refusedOnArrival(whole, false);
  return refused ? dropped('link', refused) : routeInput(machine, flight);
}

/** By which ports a packet of the host's leaves that goes out by a bridge. @kernel net/bridge/br_device.c:br_dev_xmit */
export function sendOverBridge(machine: Machine, flight: InFlight, bridge: Interface): PacketFate {
  const isGroup = flight.route?.type === 'broadcast' || flight.route?.type === 'multicast';
  const mac = isGroup ? BROADCAST_MAC : neighbourMac(machine, bridge);
  const ports = portsTowards(machine, bridge, mac);
  let fate: PacketFate = dropped('bridge', 'the bridge has no port');
  // What does not fit the link is cut before it comes to the bridge: each fragment is a frame.
  const frames = onTheWire(flight.packet).flatMap((packet) => ports.map((outPort) => ({ packet, outPort })));
  for (const { packet, outPort } of frames) {
    const crossing: BridgeCrossing = { machine, bridge, inPort: undefined, outPort };
    const frame: InFlight = { ...flight, packet, macSource: bridge.mac, macDestination: mac, frameType: 'host' };
    const stopped = atBridgeHook(crossing, frame, 'OUTPUT') ?? leave(crossing, frame);
    if (stopped === undefined) machine.sent.push({ ...frame, outDevice: outPort });
    if (fate.kind !== 'sent') fate = stopped ?? { kind: 'sent', device: bridge.name };
  }
  return fate;
}
