/**
 * Packets that fit a ruleset: what it translates, lets in, lets through. Each is run through the simulator before it is
 * suggested, so that what should get there does get there.
 */
import type { Address, Family } from '../../../src-sim/net/address';
import type { Ruleset, Table } from '../../../src-sim/netfilter/ruleset';
import type { HostDescription, ScenarioPacket } from '../../../src-sim/sim/scenario';
import { simulate } from '../../../src-sim/sim/simulator';
import type { PacketResult } from '../../../src-sim/sim/trace';
import type { Hints } from '../analysis/hints';
import { holds, type IntervalSet, NOTHING } from '../analysis/interval-set';
import { type Box, intersectBoxes } from '../analysis/packet-set';
import { addressRange } from '../analysis/packet-space';
import { createWalker, packetsOfPath, type RuleRef, type Walker } from '../analysis/rule-packets';
import { followHooks, freshGroup, verdictOf } from '../analysis/set-walk';
import { pickPacket } from '../lint/pick-packet';
import { startOf, WAY_HOOKS, type WayName } from '../lint/way';
import { scenarioPacket } from '../lint/witness';
import { addressesOf, interfacesOf, type Probe, probableEnds, probesFor } from './packet-probes';
import { servicePackets, suggestServices, withServices } from './suggest-director';

export interface Suggestion {
  /** The host, with sockets where the ruleset lets somebody in. */
  readonly host: HostDescription;
  /** At least one, the best first. */
  readonly packets: readonly ScenarioPacket[];
}

/** How many packets of each protocol are suggested. */
const MOST: Readonly<Record<Probe['name'], number>> = { tcp: 4, udp: 3, ping: 2 };

interface Search {
  readonly walker: Walker;
  readonly host: HostDescription;
  /** What is known of the host, with what was supposed of it. */
  readonly hints: Hints;
}

/** @param chain a chain that the packets should come to */
export function suggestPackets(ruleset: Ruleset, host: HostDescription, hints: Hints, chain?: string): Suggestion {
  const walker = createWalker(ruleset, Object.keys(host.interfaces ?? {}));
  const search: Search = { walker, host, hints: { ...hints, host } };
  const services = suggestServices(hints, (address) => openPortsOf(search, address));
  const served = withServices(host, services, hints);
  const listening = { ...served, listen: host.listen ?? openPorts(search) };
  const packets = probesFor(walker.space).flatMap((probe) => {
    const toServices = probe.name === 'tcp' ? servicePackets(served, services) : [];
    const candidates = [...toServices, ...candidatesFor(search, probe, chain), plainPacket(search, probe)];
    const ranked = candidates.map((packet) => ({ packet, rank: rankOf(ruleset, listening, packet, chain) }));
    return byRank(ranked).slice(0, MOST[probe.name]);
  });
  return { host: listening, packets: byRank(packets).map(({ packet }) => packet) };
}

function byRank<T extends { readonly rank: number }>(ranked: readonly T[]): readonly T[] {
  return [...ranked].sort((a, b) => a.rank - b.rank);
}

function candidatesFor(search: Search, probe: Probe, chain: string | undefined): readonly ScenarioPacket[] {
  const ways: readonly WayName[] =
    chain === 'OUTPUT' ? ['OUTPUT'] : forwards(search.host) ? ['FORWARD', 'INPUT'] : ['INPUT'];
  return distinct([...translated(search, probe), ...ways.flatMap((way) => accepted(search, probe, way))]);
}

function forwards({ sysctl = {} }: HostDescription): boolean {
  return Object.entries(sysctl).some(([name, value]) => name.endsWith('forward') && Number(value) === 1);
}

/** 0: arrives, and passes the chain; 1: arrives; 2: passes the chain; 3: neither. */
function rankOf(ruleset: Ruleset, host: HostDescription, packet: ScenarioPacket, chain: string | undefined): number {
  const result = run(ruleset, host, packet);
  if (result === undefined) return 4;
  const arrives = result.fate.kind === 'sent' || result.fate.kind === 'delivered';
  const passes = chain === undefined || result.trace.some((place) => place.split(':')[1] === chain);
  return (arrives ? 0 : 2) + (passes ? 0 : 1);
}

function run(ruleset: Ruleset, host: HostDescription, packet: ScenarioPacket): PacketResult | undefined {
  try {
    return simulate(ruleset, { host, packets: [packet] }, { explain: 'matched' }).packets[0];
  } catch {
    // A host that hints describe in a way that cannot be built: the panel says so when it asks for the whole.
    return undefined;
  }
}

/** Packets that the filter accepts on a way. */
function accepted(search: Search, probe: Probe, way: WayName): readonly ScenarioPacket[] {
  const boxes = acceptedBoxes(search, probe, way);
  return probableEnds(search.walker.space, search.host, way).flatMap((ends) => pickEach(search, boxes, ends, way));
}

function acceptedBoxes({ walker, hints }: Search, probe: Probe, way: WayName): readonly Box[] {
  const start = { ...startOf(walker.space, way, hints), ...probe.box };
  const groups = followHooks(walker, [freshGroup(walker.space, start)], { hooks: WAY_HOOKS[way], tracked: ['NEW'] });
  return groups.filter((group) => group.certain && verdictOf(group) === 'accept').map(({ box }) => box);
}

/** So many boxes are looked into: a ruleset of thousands of rules suggests no more than one of ten. */
const MOST_BOXES = 24;

function pickEach({ walker }: Search, boxes: readonly Box[], ends: Box, way: WayName): readonly ScenarioPacket[] {
  return boxes.slice(0, MOST_BOXES).flatMap((box) => {
    const both = intersectBoxes(box, ends);
    const picked = both && pickPacket(walker.space, both, way);
    return picked ? [scenarioPacket(picked, way)] : [];
  });
}

/** What DNAT and REDIRECT rules take, as it arrives: the filter sees other addresses, so its own sets say nothing of it. */
function translated(search: Search, probe: Probe): readonly ScenarioPacket[] {
  const { walker, host, hints } = search;
  const start = { ...startOf(walker.space, 'INPUT', { ...hints, host: {} }), ...probe.box };
  const boxes = translatingPaths(walker.ruleset).flatMap((path) =>
    packetsOfPath(walker, path, start).map(({ box }) => box),
  );
  const [outer] = probableEnds(walker.space, host, 'INPUT');
  const anyDestination = outer && { in: outer.in ?? [], src: outer.src ?? [] };
  return [outer, anyDestination, {}].flatMap((ends) => (ends ? pickEach(search, boxes, ends, 'INPUT') : []));
}

const DEEPEST_PATH = 4;
const MOST_PATHS = 16;

function translatingPaths(ruleset: Ruleset): readonly (readonly RuleRef[])[] {
  const nat = ruleset.tables.find(({ name }) => name === 'nat');
  return nat === undefined ? [] : pathsFrom(nat, 'PREROUTING', []).slice(0, MOST_PATHS);
}

function pathsFrom(table: Table, chainName: string, path: readonly RuleRef[]): readonly (readonly RuleRef[])[] {
  const chain = table.chains.find(({ name }) => name === chainName);
  if (chain === undefined || path.length >= DEEPEST_PATH) return [];
  return chain.rules.flatMap((rule, index) => {
    const here = [...path, { table: table.name, chain: chainName, number: index + 1, rule }];
    const { target } = rule;
    if (target.kind === 'jump' || target.kind === 'goto') return pathsFrom(table, target.chain, here);
    return target.kind === 'target' && (target.name === 'DNAT' || target.name === 'REDIRECT') ? [here] : [];
  });
}

/** A packet to the host itself, accepted or not: so that there is one of each protocol. */
function plainPacket({ walker, host }: Search, { name }: Probe): ScenarioPacket {
  const { outer } = interfacesOf(host);
  const { far, near, icmp, echo } = PLAIN[walker.space.family];
  const dst = addressesOf(host, outer, walker.space)[0] ?? near;
  const ends = { in: outer, src: far, dst };
  if (name === 'ping') return { ...ends, proto: icmp, icmp: { type: echo, code: 0, id: 1, seq: 1 } };
  return {
    ...ends,
    proto: name,
    sport: 40_000,
    dport: name === 'tcp' ? 80 : 53,
    ...(name === 'tcp' ? { flags: 'S' } : {}),
  };
}

const PLAIN: Readonly<Record<Family, { far: string; near: string; icmp: string; echo: number }>> = {
  ipv4: { far: '198.51.100.7', near: '203.0.113.1', icmp: 'icmp', echo: 8 },
  ipv6: { far: '2001:db8:198::7', near: '2001:db8:203::1', icmp: 'icmpv6', echo: 128 },
};

const USUAL_PORTS: Readonly<Record<'tcp' | 'udp', readonly number[]>> = { tcp: [22, 80, 443], udp: [53] };
/** A wider range is not a list of services. */
const WIDEST_SERVICE_RANGE = 8;
const MOST_SOCKETS = 32;
const SERVICE_PORTS = [80, 443];
const MOST_SERVICES = 4;

/** Ports that the ruleset opens to new connections: whoever wrote it has something listening there. */
function openPorts(search: Search): readonly string[] {
  const sockets = probesFor(search.walker.space).flatMap((probe) => {
    const { name } = probe;
    if (name === 'ping') return [];
    const boxes = acceptedBoxes(search, probe, 'INPUT');
    return boxes.flatMap(({ dport }) => portsOf(dport, USUAL_PORTS[name])).map((port) => `${name}/${port}`);
  });
  return [...new Set(sockets)].slice(0, MOST_SOCKETS);
}

/** The TCP ports of one address, where the ruleset speaks of it. */
function openPortsOf(search: Search, address: Address): readonly number[] {
  const one = addressRange(address, address);
  const placed = { ...search, hints: { ...search.hints, vips: [...search.hints.vips, address] } };
  const [tcp] = probesFor(search.walker.space);
  const boxes = tcp === undefined ? [] : acceptedBoxes(placed, tcp, 'INPUT');
  const ports = boxes.flatMap((box) => portsOf(intersectBoxes(box, { dst: one })?.dport ?? NOTHING, SERVICE_PORTS));
  return [...new Set(ports)].slice(0, MOST_SERVICES);
}

function portsOf(set: IntervalSet | undefined, usual: readonly number[]): readonly number[] {
  if (set === undefined) return usual;
  return set.flatMap(({ start, end }) => {
    const [first, size] = [Number(start), Number(end) - Number(start)];
    if (size > WIDEST_SERVICE_RANGE) return usual.filter((port) => holds([{ start, end }], port));
    return Array.from({ length: size }, (_, index) => first + index);
  });
}

/** One packet for each service. */
function distinct(packets: readonly ScenarioPacket[]): readonly ScenarioPacket[] {
  const seen = new Set<string>();
  return packets.filter(({ proto, dst, dport }) => {
    const service = `${proto} ${dst} ${dport}`;
    const isNew = !seen.has(service);
    seen.add(service);
    return isNew;
  });
}
