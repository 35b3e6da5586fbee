/**
 * Packets that fit a ruleset: what it translates, lets in, lets through. Each is run through the simulator before it is
 * suggested, so that what should get there does get there.
 */
import type { Family } from '../../../src-sim/net/address';
import type { Ruleset, Table } from '../../../src-sim/netfilter/ruleset';
import type { HostDescription, ScenarioPacket } from '../../../src-sim/sim/scenario';
import { simulate } from '../../../src-sim/sim/simulator';
import type { PacketResult } from '../../../src-sim/sim/trace';
import type { Hints } from '../analysis/hints';
import { type Box, intersectBoxes } from '../analysis/packet-set';
import { createWalker, packetsOfPath, type RuleRef } from '../analysis/rule-packets';
import { pickPacket } from '../lint/pick-packet';
import { startOf, type WayName } from '../lint/way';
import { scenarioPacket } from '../lint/witness';
import { acceptedBoxes, openPorts, openPortsOf, type Search } from './accepted-packets';
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

/** Each is run through the simulator. */
const MOST_CANDIDATES = 20;

const known = new WeakMap<Ruleset, Map<string, Suggestion>>();

/**
 * Worked out once for a ruleset: the panel asks with every packet that is added.
 *
 * @param chain a chain that the packets should come to
 */
export function suggestPackets(ruleset: Ruleset, host: HostDescription, hints: Hints, chain?: string): Suggestion {
  const earlier = known.get(ruleset) ?? new Map<string, Suggestion>();
  known.set(ruleset, earlier);
  const key = JSON.stringify([host, hints.roles, hints.mode, hints.vips, chain]);
  const suggestion = earlier.get(key) ?? findPackets(ruleset, host, hints, chain);
  earlier.set(key, suggestion);
  return suggestion;
}

function findPackets(ruleset: Ruleset, host: HostDescription, hints: Hints, chain: string | undefined): Suggestion {
  const walker = createWalker(ruleset, Object.keys(host.interfaces ?? {}));
  const search: Search = { walker, host, hints: { ...hints, host } };
  const services = suggestServices(hints, (address) => openPortsOf(search, address));
  const served = withServices(host, services, hints);
  const listening = { ...served, listen: host.listen ?? openPorts(search) };
  const candidates = probesFor(walker.space).flatMap((probe) => {
    const toServices = probe.name === 'tcp' ? servicePackets(served, services) : [];
    const likely = [...toServices, ...candidatesFor(search, probe, chain)].slice(0, MOST_CANDIDATES);
    return [...likely, plainPacket(search, probe)].map((packet) => ({ packet, probe }));
  });
  const results = tryOut(ruleset, listening, candidates);
  const ranked = candidates.map((candidate, index) => ({ ...candidate, rank: rankOf(results[index], chain) }));
  const best = probesFor(walker.space).flatMap(({ name }) =>
    byRank(ranked.filter(({ probe }) => probe.name === name)).slice(0, MOST[name]),
  );
  return { host: listening, packets: byRank(best).map(({ packet }) => packet) };
}

interface Candidate {
  readonly packet: ScenarioPacket;
  readonly probe: Probe;
}

function byRank<T extends { readonly rank: number }>(ranked: readonly T[]): readonly T[] {
  return [...ranked].sort((a, b) => a.rank - b.rank);
}

/** Seconds between two candidates, so that what one leaves behind is no matter to the next. */
const APART = 3600;

function tryOut(ruleset: Ruleset, host: HostDescription, candidates: readonly Candidate[]): readonly PacketResult[] {
  const packets = candidates.map(({ packet }) => ({ ...packet, wait: APART }));
  try {
    return simulate(ruleset, { host, packets }, { explain: 'matched' }).packets;
  } catch {
    // A host that hints describe in a way that cannot be built: the panel says so when it asks for the whole.
    return [];
  }
}

/** Whether it passes the chain counts before whether it arrives. */
function rankOf(result: PacketResult | undefined, chain: string | undefined): number {
  if (result === undefined) return 4;
  const arrives = result.fate.kind === 'sent' || result.fate.kind === 'delivered';
  const passes = chain === undefined || result.trace.some((place) => place.split(':')[1] === chain);
  return (passes ? 0 : 2) + (arrives ? 0 : 1);
}

function candidatesFor(search: Search, probe: Probe, chain: string | undefined): readonly ScenarioPacket[] {
  const ways: readonly WayName[] =
    chain === 'OUTPUT' ? ['OUTPUT'] : forwards(search.host) ? ['FORWARD', 'INPUT'] : ['INPUT'];
  return distinct([...translated(search, probe), ...ways.flatMap((way) => accepted(search, probe, way))]);
}

function forwards({ sysctl = {} }: HostDescription): boolean {
  return Object.entries(sysctl).some(([name, value]) => name.endsWith('forward') && Number(value) === 1);
}

/** Packets that the filter accepts on a way. */
function accepted(search: Search, probe: Probe, way: WayName): readonly ScenarioPacket[] {
  const boxes = acceptedBoxes(search, probe, way);
  return probableEnds(search.walker.space, search.host, way).flatMap((ends) =>
    pickEach(search, boxes, probe, ends, way),
  );
}

/** So many boxes are looked into: a ruleset of thousands of rules suggests no more than one of ten. */
const MOST_BOXES = 24;

function pickEach(
  { walker }: Search,
  boxes: readonly Box[],
  { usual }: Probe,
  ends: Box,
  way: WayName,
): readonly ScenarioPacket[] {
  return boxes.slice(0, MOST_BOXES).flatMap((box) => {
    const both = intersectBoxes(box, ends);
    const picked = both && pickPacket(walker.space, intersectBoxes(both, usual) ?? both, way);
    return picked ? [withoutCode(scenarioPacket(picked, way))] : [];
  });
}

/** An echo request has no code to speak of: so its line says `echo-request`. */
function withoutCode(packet: ScenarioPacket): ScenarioPacket {
  if (packet.icmp === undefined) return packet;
  const { code: _code, ...icmp } = packet.icmp;
  return { ...packet, icmp };
}

/** What DNAT and REDIRECT rules take, as it arrives: the filter's own sets speak of the addresses behind them. */
function translated(search: Search, probe: Probe): readonly ScenarioPacket[] {
  const { walker, host, hints } = search;
  const start = { ...startOf(walker.space, 'INPUT', { ...hints, host: {} }), ...probe.box };
  const boxes = translatingPaths(walker.ruleset).flatMap((path) =>
    packetsOfPath(walker, path, start).map(({ box }) => box),
  );
  const [outer] = probableEnds(walker.space, host, 'INPUT');
  const anyDestination = outer && { in: outer.in ?? [], src: outer.src ?? [] };
  return [outer, anyDestination, {}].flatMap((ends) => (ends ? pickEach(search, boxes, probe, ends, 'INPUT') : []));
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
  if (name === 'ping') return { ...ends, proto: icmp, icmp: { type: echo, id: 1, seq: 1 } };
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
