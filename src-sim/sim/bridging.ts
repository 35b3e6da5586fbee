/**
 * Frames that come in by a port of a bridge: passed on to other ports, handed up to the host, or both. The IP chains
 * see them with the bridge for interface (br_netfilter).
 *
 * @kernel net/bridge/br_input.c:br_handle_frame_finish, br_forward.c:br_flood, br_netfilter_hooks.c
 */
import type { Interface } from '../host/host';
import { decideInput } from '../host/input-routing';
import { routeDevice } from '../host/routing';
import { runConfirm } from './hooks';
import { beginStory, endStory, type InFlight, type Story } from './in-flight';
import type { Machine } from './machine';
import { atHook, dropped, receive, routeInput } from './path';
import type { PacketFate } from './trace';

const BROADCAST = 'ff:ff:ff:ff:ff:ff';

/** Where a bridge has seen link-layer addresses. @kernel net/bridge/br_fdb.c */
export type ForwardingDatabase = Map<string, string>;

interface Bridging {
  readonly machine: Machine;
  readonly bridge: Interface;
  readonly port: Interface;
  /** Whether the IP chains are asked. */
  readonly filters: boolean;
}

export function receiveOnPort(machine: Machine, flight: InFlight, bridge: Interface, port: Interface): PacketFate {
  const filters = machine.host.sysctl.get(CALLS_CHAINS[flight.packet.family]) !== 0;
  const bridging: Bridging = { machine, bridge, port, filters };
  flight.inDevice = bridge.name;
  flight.packetType = groupOf(flight.macDestination) ?? 'unicast';
  if (filters) {
    flight.bridgePorts = { in: port.name, out: undefined };
    const before = flight.packet.dst;
    const stopped = atHook(machine, flight, 'PREROUTING');
    if (stopped) return stopped;
    if (flight.packet.dst !== before) redirectFrame(bridging, flight);
  }
  databaseOf(machine, bridge).set(flight.macSource ?? '', port.name);
  return switchFrame(bridging, flight);
}

const CALLS_CHAINS = {
  ipv4: 'net.bridge.bridge-nf-call-iptables',
  ipv6: 'net.bridge.bridge-nf-call-ip6tables',
} as const;

function groupOf(mac = ''): 'broadcast' | 'multicast' | undefined {
  if (mac === BROADCAST) return 'broadcast';
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1 ? 'multicast' : undefined;
}

/** DNAT to a host of the bridge goes on over the bridge, to another one by the host. @kernel …:br_nf_pre_routing_finish */
function redirectFrame({ machine, bridge }: Bridging, flight: InFlight): void {
  const { host } = machine;
  const decision = decideInput(host, flight.packet, bridge.name, flight.mark);
  const staysHere = decision.kind === 'forward' && routeDevice(decision.route) === bridge.name;
  flight.macDestination = staysHere ? neighbourMac(machine, bridge) : bridge.mac;
  flight.packetType = 'unicast';
}

/** Whoever lives behind a bridge lives behind its first port. */
function neighbourMac({ host }: Machine, { ports }: Interface): string {
  return host.interfaces.get(ports[0] ?? '')?.peerMac ?? '';
}

function databaseOf(machine: Machine, { name }: Interface): ForwardingDatabase {
  const known = machine.forwardingDatabases.get(name) ?? new Map<string, string>();
  machine.forwardingDatabases.set(name, known);
  return known;
}

function switchFrame(bridging: Bridging, flight: InFlight): PacketFate {
  const { machine, bridge, port } = bridging;
  const mac = flight.macDestination ?? '';
  if (isOwnMac(machine, bridge, mac)) {
    // Only the bridge's own address, or that of the port it came in by, is the host's.
    if (mac === bridge.mac || mac === port.mac) return handUp(bridging, flight);
    confirmEarly(bridging, flight);
    return dropped('link', 'the frame is addressed to another port');
  }
  const towards = portsTowards(machine, bridge, mac).filter((name) => name !== port.name);
  const isForHost = groupOf(mac) !== undefined;
  const copies = isForHost ? towards : towards.slice(0, -1);
  for (const name of copies) passCopy(bridging, flight, name);
  if (isForHost) {
    confirmEarly(bridging, flight);
    return handUp(bridging, flight);
  }
  const last = towards.at(-1);
  return last === undefined
    ? dropped('bridge', `${mac} is behind the port that the frame came in by`)
    : passOn(bridging, flight, last);
}

/** What was not addressed to the host alone gets its entry before INPUT. @kernel …:br_nf_local_in */
function confirmEarly({ machine, filters }: Bridging, flight: InFlight): void {
  if (filters) runConfirm(machine, flight, 'INPUT');
}

function isOwnMac({ host }: Machine, bridge: Interface, mac: string): boolean {
  return mac === bridge.mac || bridge.ports.some((name) => host.interfaces.get(name)?.mac === mac);
}

/** The port behind which an address was seen; all, where none is known, the last that joined first. */
function portsTowards(machine: Machine, bridge: Interface, mac: string): readonly string[] {
  const known = groupOf(mac) === undefined ? databaseOf(machine, bridge).get(mac) : undefined;
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

/** Neither is it routed, nor does its time to live run. @kernel …:br_nf_forward, br_nf_post_routing */
function passOn({ machine, bridge, port, filters }: Bridging, flight: InFlight, name: string): PacketFate {
  flight.outDevice = bridge.name;
  if (filters) {
    flight.bridgePorts = { in: port.name, out: name };
    const stopped = atHook(machine, flight, 'FORWARD');
    if (stopped) return stopped;
    flight.inDevice = undefined;
    const held = atHook(machine, flight, 'POSTROUTING');
    if (held) return held;
  }
  flight.outDevice = name;
  machine.sent.push(flight);
  return { kind: 'sent', device: name };
}

/** PREROUTING is not crossed a second time. @kernel …:ip_sabotage_in */
function handUp({ machine, filters }: Bridging, flight: InFlight): PacketFate {
  return filters ? routeInput(machine, flight) : receive(machine, flight);
}

/** By which ports a packet of the host's leaves that goes out by a bridge. @kernel net/bridge/br_device.c:br_dev_xmit */
export function sendOverBridge(machine: Machine, flight: InFlight, bridge: Interface): void {
  const isGroup = flight.route?.type === 'broadcast' || flight.route?.type === 'multicast';
  const mac = isGroup ? BROADCAST : neighbourMac(machine, bridge);
  for (const name of portsTowards(machine, bridge, mac)) machine.sent.push({ ...flight, outDevice: name });
}
