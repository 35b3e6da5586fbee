/** A machine with its ruleset, and what happens on it when a packet of the scenario comes. */
import { runConntrackCommand } from '../conntrack/command';
import { entryOfLine } from '../conntrack/initial';
import type { TrackAnswer } from '../conntrack/track';
import { parseBridgeRules } from '../ebt/parse';
import { buildHost, type Interface } from '../host/host';
import { readIpsets } from '../host/ipset-save';
import type { Sender } from '../host/sender';
import { Director } from '../ipvs/director';
import type { Ruleset } from '../netfilter/ruleset';
import { BridgeTables } from './bridge-tables';
import { receiveOnPort } from './bridging';
import { beginStory, endStory, type InFlight } from './in-flight';
import { giveConnectionsUp } from './ipvs-conntrack';
import { type Explain, Machine } from './machine';
import { makePacket } from './make-packet';
import { advance, OWN_PACKETS, receiveWaiting } from './own-packets';
import { receive, send } from './path';
import type { Scenario, ScenarioCommand, ScenarioPacket } from './scenario';
import type { Fate, Step } from './trace';

/**
 * @throws Error when the host cannot be read (an address, a route, an entry); the message says which.
 * @throws RefusedRule when a rule names what the host does not have (an ipset).
 * @throws RefusedBridgeText where ebtables would not take its text.
 */
export function setUpMachine(
  ruleset: Ruleset,
  scenario: Pick<Scenario, 'host' | 'seed' | 'start' | 'assume'>,
  explain: Explain,
): Machine {
  const host = buildHost(scenario.host ?? {}, ruleset.family);
  const services = scenario.host?.ipvs;
  const director = services ? new Director(services) : undefined;
  const sets = scenario.host?.ipsets;
  const ipsets = sets === undefined ? undefined : readIpsets(sets);
  const ebtables = scenario.host?.ebtables;
  const startsAt = scenario.start === undefined ? undefined : readInstant(scenario.start);
  const machine = new Machine(host, ruleset, explain, scenario.seed ?? 1, {
    director,
    ipsets,
    bridgeTables: !ebtables ? undefined : new BridgeTables(parseBridgeRules(ebtables)),
    startsAt,
    assume: scenario.assume ?? {},
    emitter: OWN_PACKETS,
  });
  for (const line of scenario.host?.conntrack ?? []) {
    machine.table.insert(entryOfLine(line, machine.table), machine.now);
  }
  return machine;
}

/** Seconds since 1970. @throws Error */
function readInstant(text: string): number {
  const milliseconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(milliseconds)) throw new Error(`not an instant such as 2026-11-23T17:30:00Z: ${text}`);
  return milliseconds / 1000;
}

/**
 * One packet: time passes, it arrives or is sent, and walks to its end. What it made the host send and decide stands in
 * the machine until the next one.
 *
 * @throws Error when the packet cannot be read (its protocol, an address); the message says which.
 */
export function inject(machine: Machine, source: ScenarioPacket): InFlight {
  begin(machine, source.wait ?? 0);
  return walk(machine, source);
}

/** What the last packet left behind is forgotten, and time passes. */
export function begin(machine: Machine, seconds: number): void {
  forgetTheLast(machine);
  advance(machine, seconds);
  giveConnectionsUp(machine);
}

/** @param tracked what conntrack said of it, where it was asked already */
export function walk(machine: Machine, source: ScenarioPacket, tracked?: TrackAnswer): InFlight {
  const packet = makePacket(source);
  const { interfaces } = machine.host;
  const device = source.in === undefined ? undefined : interfaces.get(source.in);
  const bridge = interfaces.get(device?.bridge ?? '');
  const story = beginStory(packet, '', machine.explain !== 'none');
  const flight: InFlight = {
    packet,
    story,
    mark: 0,
    attachment: undefined,
    route: undefined,
    outDevice: undefined,
    inDevice: source.in,
    packetType: linkType(device, source),
    // As `-m mac` sees it: whose hand the frame came from.
    macSource: (source.mac_src ?? device?.peerMac)?.toLowerCase(),
    macDestination: source.in === undefined ? undefined : (source.mac_dst ?? bridge?.mac ?? device?.mac)?.toLowerCase(),
    bridgePorts: undefined,
    sender: source.in === undefined ? senderOf(source) : undefined,
    isFromIpvs: false,
    assignedPort: undefined,
    tracked,
  };
  endStory(flight, passThrough(machine, flight, device, bridge));
  receiveWaiting(machine);
  giveConnectionsUp(machine);
  machine.table.removeExpired(machine.now);
  return flight;
}

/** What a command leaves to tell. */
export interface CommandStory {
  readonly steps: readonly Step[];
  readonly fate: Fate;
}

/**
 * A command of the administrator's: time passes, and it changes the table.
 *
 * @throws Error when the command cannot be read; the message says why.
 */
export function runCommand(machine: Machine, { conntrack, wait = 0 }: ScenarioCommand): CommandStory {
  begin(machine, wait);
  machine.table.removeExpired(machine.now);
  const text = `conntrack ${conntrack}: ${runConntrackCommand(conntrack, machine.table)}`;
  machine.table.removeExpired(machine.now);
  const fate: Fate = { kind: 'done', text };
  return { steps: [{ kind: 'end', fate }], fate };
}

function passThrough(machine: Machine, flight: InFlight, device: Interface | undefined, bridge: Interface | undefined) {
  if (flight.inDevice === undefined) return send(machine, flight);
  return device && bridge ? receiveOnPort(machine, flight, bridge, device) : receive(machine, flight);
}

function senderOf({ uid = 0, gid = 0, broadcast = false }: ScenarioPacket): Sender {
  return { kind: 'process', uid, gid, isRaw: true, mayBroadcast: broadcast };
}

function forgetTheLast({ sent, made, unsure }: Machine): void {
  if (sent.length > 0) sent.length = 0;
  if (made.length > 0) made.length = 0;
  if (unsure.length > 0) unsure.length = 0;
}

/** How the frame addresses the host. @kernel net/ethernet/eth.c:eth_skb_pkt_type */
function linkType(device: Interface | undefined, source: ScenarioPacket): InFlight['packetType'] {
  const mac = source.mac_dst?.toLowerCase();
  if (source.in === undefined || mac === undefined || mac === device?.mac) return 'unicast';
  if (mac === 'ff:ff:ff:ff:ff:ff') return 'broadcast';
  const isGroup = (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
  return isGroup ? 'multicast' : 'otherhost';
}
