/**
 * What becomes of a connection through an LVS director in direct-routing or tunnel mode. Its answers never come back
 * that way, so that conntrack there sees one side only: every segment is judged as the first of its flow, since the
 * entry is never confirmed (`net.ipv4.vs.conntrack=0`, the default).
 *
 * @kernel net/netfilter/ipvs/ip_vs_core.c:ip_vs_in_hook (LOCAL_IN, behind the filter table)
 */

import type { CtState } from '../../../src-sim/conntrack/entry';
import { parseServices, type VirtualService } from '../../../src-sim/ipvs/service';
import { type Address, addressFromValue, addressValue, familyOf } from '../../../src-sim/net/address';
import { addressRange } from '../../../src-sim/net/address-interval';
import { tcpFlags } from '../../../src-sim/net/packet';
import { PROTOCOL } from '../../../src-sim/net/protocol';
import type { Rule, Ruleset } from '../../../src-sim/netfilter/ruleset';
import type { HostDescription } from '../../../src-sim/sim/scenario';
import type { PacketResult, RulePlace } from '../../../src-sim/sim/trace';
import type { Hints } from '../analysis/hints';
import { type Box, intersectBoxes } from '../analysis/packet-set';
import { devices, NO_DEVICE, points } from '../analysis/packet-space';
import type { Walker } from '../analysis/rule-packets';
import { type Decision, decisionIn, followHooks, freshGroup, verdictOf } from '../analysis/set-walk';
import type { Witness } from './finding';
import { type PickedPacket, pickPacket } from './pick-packet';
import { startOf, WAY_HOOKS } from './way';
import { fatesOf, scenarioPacket } from './witness';

/** A virtual service: any port where nobody said which. */
export interface Virtual {
  readonly address: Address;
  readonly port?: number;
}

/** A segment of a connection that begins well and does not get through. */
export interface DirectorLoss {
  readonly virtual: Required<Virtual>;
  /** What a client sends, in order, as far as this segment. */
  readonly segment: Segment;
  /** How conntrack saw it. */
  readonly state: CtState;
  /** Behind IPVS, or before it: where it is denied in mangle, too. */
  readonly hook: 'INPUT' | 'OUTPUT';
  readonly denier: Denier;
  /** How the SYN is accepted; the rules that would accept the segment on a host that sees both sides. */
  readonly opening: Decision;
  readonly expected: Decision;
  /** The SYNs that are let in the same way. */
  readonly box: Box;
  /** The client's side of the connection. */
  readonly packet: PickedPacket;
  readonly witness: Witness;
}

/** What denied it: a rule, or a policy. */
export type Denier = RulePlace & { readonly kind: 'rule' | 'policy'; readonly verdict: string };

export interface Segment {
  readonly name: string;
  readonly flags: string;
}

/** By which a director is administered where nobody said. */
const SSH_PORT = 22;

/** What a client sends in a connection's life. */
const SEGMENTS: readonly Segment[] = [
  { name: 'SYN', flags: 'S' },
  { name: 'ACK', flags: 'A' },
  { name: 'data', flags: 'PA' },
  { name: 'FIN', flags: 'FA' },
];

/** The services that a director is known to have; without their text, its virtual addresses with whatever port. */
export function virtualServices(hints: Hints): readonly Virtual[] {
  const services = hints.host.ipvs === undefined ? [] : parseServices(hints.host.ipvs);
  const known = services.flatMap(({ virtual, destinations }) => {
    const goesBack = destinations.every(({ method }) => method === 'nat') && destinations.length > 0;
    if (virtual.kind !== 'endpoint' || virtual.protocol !== PROTOCOL.tcp || goesBack) return [];
    return [virtual.port === 0 ? { address: virtual.address } : { address: virtual.address, port: virtual.port }];
  });
  const rest = hints.vips.filter((address) => !services.some((service) => isFor(service.virtual, address)));
  return [...known, ...rest.map((address) => ({ address }))];
}

export function findDirectorLosses(walker: Walker, virtual: Virtual, hints: Hints): readonly DirectorLoss[] {
  return openings(walker, virtual, hints).flatMap(({ box, decision }) => {
    const packet = pickPacket(walker.space, box, 'INPUT');
    if (packet?.dport === undefined) return [];
    const service = { address: packet.dst, port: packet.dport };
    const loss = runConnection(walker.ruleset, packet, directorHost(packet, hints));
    if (loss === undefined || loss === 'through' || isNeverOpened(loss)) return [];
    const expected = expectedDecision(walker, box, loss);
    return expected ? [{ ...loss, virtual: service, opening: decision, expected, box, packet }] : [];
  });
}

/** SYNs to the service that the filter table lets in, by the rule that does; perhaps, where it limits them. */
function openings(walker: Walker, virtual: Virtual, hints: Hints): readonly { box: Box; decision: Decision }[] {
  const anywhere = startOf(walker.space, 'INPUT', { ...hints, vips: [...hints.vips, virtual.address] });
  const start = intersectBoxes(anywhere, {
    dst: addressRange(virtual.address, virtual.address),
    ...(virtual.port === undefined ? {} : { dport: points([virtual.port]) }),
    protocol: points([PROTOCOL.tcp]),
    tcpFlags: points([tcpFlags('S')]),
  });
  if (start === undefined) return [];
  const way = { hooks: WAY_HOOKS.INPUT, tracked: ['NEW'] as const };
  const isNamed = virtual.port === undefined && namesAddress(walker, virtual);
  return followHooks(walker, [freshGroup(walker.space, start)], way).flatMap((group) => {
    const decision = decisionIn(group, 'filter', 'INPUT');
    const isIn = verdictOf(group) === 'accept' && group.untrackedBy === undefined;
    const isOwn = virtual.port === undefined && isOwnService(decision, group.box, isNamed, hints);
    return isIn && decision !== undefined && !isOwn ? [{ box: group.box, decision }] : [];
  });
}

/** Whether a rule of filter says the address: then its services are those of such rules. */
function namesAddress(walker: Walker, { address }: Virtual): boolean {
  return walker.ruleset.tables
    .filter(({ name }) => name === 'filter')
    .flatMap(({ chains }) => chains.flatMap(({ rules }) => rules))
    .some((rule) => namesDestination(rule) && JSON.stringify(rule.matches).includes(`"${address}"`));
}

/** What the director offers on whatever address is no virtual service; nor is that by which it is administered. */
function isOwnService(decision: Decision | undefined, { dport }: Box, isNamed: boolean, hints: Hints): boolean {
  if (decision?.path.some(({ rule }) => namesDestination(rule))) return false;
  const [port] = dport ?? [];
  const login = hints.management?.port ?? SSH_PORT;
  const isLogin = dport?.length === 1 && port?.start === login && Number(port.end) === login + 1;
  return isNamed || isLogin;
}

function namesDestination({ matches }: Rule): boolean {
  return matches.some(({ options }) => options.destination !== undefined);
}

type SimulatedLoss = Pick<DirectorLoss, 'segment' | 'state' | 'hook' | 'denier' | 'witness'>;

/** Runs a connection; gives its first segment that the filter table denies. Undefined: the simulator cannot tell. */
export function runConnection(
  ruleset: Ruleset,
  packet: PickedPacket,
  host: HostDescription,
): SimulatedLoss | 'through' | undefined {
  const packets = SEGMENTS.map(({ flags }) => scenarioPacket(packet, 'INPUT', flags));
  const outcomes = fatesOf(ruleset, { host, packets });
  const victim = outcomes?.findIndex(({ isAccepted }) => !isAccepted) ?? -1;
  const [outcome, segment] = [outcomes?.[victim], SEGMENTS[victim]];
  if (outcome === undefined || segment === undefined) return outcomes && 'through';
  const denier = denierOf(outcome.result);
  const hook = denier && sideOf(denier);
  if (denier === undefined || hook === undefined) return undefined;
  const witness: Witness = { host, packets: packets.slice(0, victim + 1), victim, harm: 'denied' };
  return { segment, state: stateOf(outcome.result), hook, denier, witness };
}

/** Before IPVS, or behind it; where INVALID is dropped in mangle it is so before filter has its say. */
function sideOf({ table, hook }: Denier): DirectorLoss['hook'] | undefined {
  if (table === 'filter') return hook === 'INPUT' || hook === 'OUTPUT' ? hook : undefined;
  return table === 'mangle' && (hook === 'PREROUTING' || hook === 'INPUT') ? 'INPUT' : undefined;
}

/** A SYN that INPUT does not let in: there is no connection to lose. */
function isNeverOpened({ hook, segment }: SimulatedLoss): boolean {
  return hook === 'INPUT' && segment.name === 'SYN';
}

function denierOf({ steps, fate }: PacketResult): Denier | undefined {
  if (fate.kind !== 'dropped' && fate.kind !== 'rejected') return undefined;
  return steps.filter((step) => step.kind === 'policy' || (step.kind === 'rule' && step.matched)).at(-1);
}

function stateOf({ steps }: PacketResult): CtState {
  return steps.find((step) => step.kind === 'conntrack')?.state ?? 'UNTRACKED';
}

/** How the segment would be accepted if conntrack saw both sides. */
function expectedDecision(walker: Walker, opening: Box, { segment, hook }: SimulatedLoss): Decision | undefined {
  const { mark: _, state: __, ...headers } = opening;
  const arriving: Box = { ...headers, tcpFlags: points([tcpFlags(segment.flags)]) };
  const { srcType: ___, dstType: ____, ...anyType } = arriving;
  const start = hook === 'INPUT' ? arriving : { ...anyType, in: NO_DEVICE, out: devices(walker.space) };
  const states = segment.name === 'SYN' ? (['NEW', 'ESTABLISHED'] as const) : (['ESTABLISHED'] as const);
  const decisions = states.flatMap((state) => {
    const way = { hooks: WAY_HOOKS[hook], tracked: [state], ignoreUntrack: true };
    const accepted = followHooks(walker, [freshGroup(walker.space, start)], way).find(
      (group) => group.certain && verdictOf(group) === 'accept',
    );
    return (accepted && decisionIn(accepted, 'filter', hook)) ?? [];
  });
  return decisions[0];
}

/** The director: its own address and the virtual one, and a real server beside it that the packets go on to. */
export function directorHost(packet: PickedPacket, hints: Hints): HostDescription {
  const known = hints.host;
  const device = known.interfaces?.[packet.in] ?? {};
  const isKnown = Object.values(known.interfaces ?? {}).some(({ addresses = [] }) => hasAddress(addresses, packet.dst));
  const own =
    (device.addresses ?? []).length > 0 ? (device.addresses ?? []) : [`${host(packet.dst, 2)}/${subnet(packet.dst)}`];
  const addresses = isKnown ? own : [...own, `${packet.dst}/${familyOf(packet.dst) === 'ipv4' ? 32 : 128}`];
  const [first = ''] = own[0]?.split('/') ?? [];
  const real = host(first, 21);
  const end = (address: Address) => `${familyOf(address) === 'ipv4' ? address : `[${address}]`}:${packet.dport}`;
  return {
    ...known,
    interfaces: { ...known.interfaces, [packet.in]: { ...device, addresses } },
    routes: known.routes ?? [`default via ${host(first, 254)} dev ${packet.in}`],
    ipvs: `-A -t ${end(packet.dst)} -s rr\n-a -t ${end(packet.dst)} -r ${end(real)} -g -w 1\n`,
  };
}

function hasAddress(addresses: readonly string[], address: Address): boolean {
  return addresses.some((text) => text.split('/')[0] === address);
}

function subnet(address: Address): number {
  return familyOf(address) === 'ipv4' ? 24 : 64;
}

/** The host of an address's subnet that ends in this number, or in the next where the address itself does. */
function host(address: Address, last: number): Address {
  const value = addressValue(address);
  const wanted = value - (value & 0xffn) + BigInt(last);
  return addressFromValue(wanted === value ? wanted + (last === 254 ? -1n : 1n) : wanted, familyOf(address));
}

function isFor(virtual: VirtualService, address: Address): boolean {
  return virtual.kind === 'endpoint' && virtual.address === address;
}
