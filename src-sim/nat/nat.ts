/**
 * NAT: which mapping a flow gets, and how a packet is rewritten by it.
 *
 * @kernel net/netfilter/nf_nat_core.c
 */
import type { Attachment, Entry, NatRange } from '../conntrack/entry';
import type { ConntrackTable } from '../conntrack/table';
import { type Direction, invertTuple, isIcmp, otherDirection, sameTuple, type Tuple } from '../conntrack/tuple';
import type { Zone } from '../conntrack/zone';
import { withHeaderPulled } from '../host/wire-pieces';
import { type Address, addressValue } from '../net/address';
import type { Packet, Transport } from '../net/packet';
import { hasPorts, PROTOCOL } from '../net/protocol';
import { chooseAddress } from './choose-address';

export type Manip = 'src' | 'dst';

export interface NatContext {
  readonly table: ConntrackTable;
  readonly now: number;
  /** Seeded, in [0, 1). */
  random(): number;
}

/** Whether the flow's decision for this manip was taken, null bindings included. */
export function isBound(entry: Entry, manip: Manip): boolean {
  return manip === 'src' ? entry.status.srcNatDone : entry.status.dstNatDone;
}

/** Binds an unconfirmed flow to a mapping within `range`. @kernel nf_nat_core.c:nf_nat_setup_info */
export function setUpNat(entry: Entry, manip: Manip, range: NatRange, context: NatContext): 'ACCEPT' | 'DROP' {
  const { status } = entry;
  if (status.confirmed) return 'ACCEPT';
  if (isBound(entry, manip)) return 'DROP';
  const current = invertTuple(entry.reply);
  if (current === undefined) return 'DROP';
  const chosen = uniqueTuple(current, range, entry, manip, context);
  if (!sameTuple(chosen, current)) {
    entry.reply = invertTuple(chosen) ?? entry.reply;
    if (manip === 'src') status.srcNat = true;
    else status.dstNat = true;
  }
  if (manip === 'src') status.srcNatDone = true;
  else status.dstNatDone = true;
  return 'ACCEPT';
}

/** No rule bound the flow: it keeps its address, and its port unless that is taken. @kernel …:nf_nat_alloc_null_binding */
export function setUpNullBinding(entry: Entry, manip: Manip, context: NatContext): 'ACCEPT' | 'DROP' {
  const address = manip === 'src' ? entry.reply.dst : entry.reply.src;
  return setUpNat(entry, manip, { addresses: { min: address, max: address } }, context);
}

/**
 * Rewrites a packet as its flow is bound; undefined: it is too short for that, and dropped.
 *
 * @kernel nf_nat_core.c:nf_nat_packet
 */
export function translate(packet: Packet, entry: Entry, direction: Direction, manip: Manip): Packet | undefined {
  if (!isMapped(entry, direction, manip)) return packet;
  if (packet.protocol === PROTOCOL.gre && packet.transport.dataLength < GRE_WRITABLE_BYTES) return undefined;
  const target = targetTuple(entry, direction);
  return target === undefined ? packet : rewrite(withHeaderPulled(packet), target, manip);
}

/** NAT wants this much of a GRE header, whichever version it is. @kernel net/netfilter/nf_nat_proto.c:gre_manip_pkt */
const GRE_WRITABLE_BYTES = 8;

/** Rewrites an ICMP error, and the packet that it quotes. @kernel net/netfilter/nf_nat_proto.c:nf_nat_icmp_reply_translation */
export function translateError(packet: Packet, entry: Entry, direction: Direction, manip: Manip): Packet {
  const { transport } = packet;
  if (transport.kind !== 'icmp' || transport.inner === undefined || !isMapped(entry, direction, manip)) return packet;
  const other = tupleTowards(entry, otherDirection(direction));
  const target = invertTuple(other);
  if (target === undefined) return packet;
  const inner = rewrite(transport.inner, other, manip === 'src' ? 'dst' : 'src');
  const outer = manip === 'src' ? { src: target.src } : { dst: target.dst };
  return { ...packet, ...outer, transport: { ...transport, inner } };
}

const REDIRECT = { [PROTOCOL.icmp]: 5, [PROTOCOL.icmpv6]: 137 } as const;

/**
 * A redirect names a router for the destination that the sender wrote, which is another one where NAT rewrites the
 * flow, or still may: it is dropped.
 *
 * @kernel net/netfilter/nf_nat_proto.c:nf_nat_icmp_reply_translation, nf_nat_icmpv6_reply_translation
 */
export function isUselessRedirect({ protocol, transport }: Packet, { status }: Entry): boolean {
  if (protocol !== PROTOCOL.icmp && protocol !== PROTOCOL.icmpv6) return false;
  if (transport.kind !== 'icmp' || transport.type !== REDIRECT[protocol]) return false;
  return !(status.srcNatDone && status.dstNatDone) || status.srcNat || status.dstNat;
}

/** In the reply direction a source mapping is undone at the destination, and the other way round. */
function isMapped(entry: Entry, direction: Direction, manip: Manip): boolean {
  const source = (manip === 'src') === (direction === 'original');
  return source ? entry.status.srcNat : entry.status.dstNat;
}

function tupleTowards(entry: Entry, direction: Direction): Tuple {
  return direction === 'original' ? entry.original : entry.reply;
}

function targetTuple(entry: Entry, direction: Direction): Tuple | undefined {
  return invertTuple(tupleTowards(entry, otherDirection(direction)));
}

function rewrite(packet: Packet, target: Tuple, manip: Manip): Packet {
  const transport = rewriteTransport(packet, target, manip);
  return manip === 'src' ? { ...packet, src: target.src, transport } : { ...packet, dst: target.dst, transport };
}

function rewriteTransport({ protocol, transport }: Packet, target: Tuple, manip: Manip): Transport {
  if (transport.kind === 'icmp') return transport.inner === undefined ? { ...transport, id: target.sport } : transport;
  if (!hasPorts(protocol)) return transport;
  return manip === 'src' ? { ...transport, sport: target.sport } : { ...transport, dport: target.dport };
}

/** @kernel nf_nat_core.c:get_unique_tuple */
function uniqueTuple(current: Tuple, range: NatRange, entry: Entry, manip: Manip, context: NatContext): Tuple {
  const isFree = (tuple: Tuple) => isTupleFree(tuple, entry, context);
  const anyPort = range.random || range.fullyRandom;
  if (manip === 'src' && !anyPort) {
    if (isInRange(current, range)) {
      if (isFree(current)) return current;
    } else {
      const known = mappingOfSameSource(current, range, entry.zone, context);
      if (known && isFree(known)) return known;
    }
  }
  const tuple = withAddress(current, manip, chooseAddress(current, range, manip, entry.zone.id));
  if (!anyPort && keepsPort(tuple, range, manip, isFree)) return tuple;
  return uniquePort(tuple, range, manip, isFree, context);
}

function isTupleFree(tuple: Tuple, entry: Entry, { table, now }: NatContext): boolean {
  const reply = invertTuple(tuple);
  return reply === undefined || !table.isTaken(reply, entry, now);
}

function keepsPort(tuple: Tuple, range: NatRange, manip: Manip, isFree: (tuple: Tuple) => boolean): boolean {
  if (range.ports === undefined) return isFree(tuple);
  const { min, max, base } = range.ports;
  return base === undefined && isPortInRange(tuple, manip, range) && (min === max || isFree(tuple));
}

/** Would a source mapped to this tuple meet the range? */
function isInRange(tuple: Tuple, range: NatRange): boolean {
  const { addresses } = range;
  if (addresses) {
    const value = addressValue(tuple.src);
    if (value < addressValue(addresses.min) || value > addressValue(addresses.max)) return false;
  }
  return range.ports === undefined || isPortInRange(tuple, 'src', range);
}

/** @kernel nf_nat_core.c:l4proto_in_range */
function isPortInRange(tuple: Tuple, manip: Manip, { ports }: NatRange): boolean {
  if (ports === undefined || !hasKey(tuple.protocol)) return true;
  const port = manip === 'src' || isIcmp(tuple.protocol) ? tuple.sport : tuple.dport;
  return port >= ports.min && port <= ports.max;
}

function hasKey(protocol: number): boolean {
  return isIcmp(protocol) || protocol === PROTOCOL.gre || hasPorts(protocol);
}

/** A host that was mapped keeps its mapping towards others. @kernel nf_nat_core.c:find_appropriate_src */
function mappingOfSameSource(current: Tuple, range: NatRange, zone: Zone, { table }: NatContext): Tuple | undefined {
  for (const other of table.withSource(current)) {
    if (other.zone.id !== zone.id) continue;
    const mapped = invertTuple(other.reply);
    if (mapped === undefined) continue;
    const candidate: Tuple = { ...mapped, dst: current.dst, dport: current.dport };
    if (isInRange(candidate, range)) return candidate;
  }
  return undefined;
}

function withAddress(tuple: Tuple, manip: Manip, address: Address): Tuple {
  return manip === 'src' ? { ...tuple, src: address } : { ...tuple, dst: address };
}

interface PortWindow {
  readonly min: number;
  readonly size: number;
}

/** Ports keep to their class. @kernel nf_nat_core.c:nf_nat_l4proto_unique_tuple */
function portWindow(port: number, range: NatRange, isId: boolean): PortWindow {
  if (range.ports) {
    const [min, max] = [Math.min(range.ports.min, range.ports.max), Math.max(range.ports.min, range.ports.max)];
    return { min, size: max - min + 1 };
  }
  if (isId) return { min: 0, size: 65_536 };
  if (port < 512) return { min: 1, size: 511 };
  return port < 1024 ? { min: 600, size: 424 } : { min: 1024, size: 64_512 };
}

const MAX_ATTEMPTS = 128;
const FEWEST_ATTEMPTS = 16;

function uniquePort(
  tuple: Tuple,
  range: NatRange,
  manip: Manip,
  isFree: (tuple: Tuple) => boolean,
  context: NatContext,
): Tuple {
  const isId = isIcmp(tuple.protocol);
  // GRE without PPTP's master has no key to vary.
  if (!hasKey(tuple.protocol) || tuple.protocol === PROTOCOL.gre) return tuple;
  if (range.ports === undefined && manip === 'dst' && !isId) return tuple;
  const key = manip === 'src' || isId ? 'sport' : 'dport';
  const { min, size } = portWindow(tuple[key], range, isId);
  const randomOffset = () => Math.floor(context.random() * 65_536);
  let offset =
    range.ports?.base !== undefined
      ? tuple[key] - range.ports.base + 65_536
      : range.random || range.fullyRandom || manip === 'src'
        ? randomOffset()
        : 0;
  let attempts = Math.min(size, MAX_ATTEMPTS);
  let candidate = tuple;
  for (;;) {
    for (let attempt = 0; attempt < attempts; attempt += 1, offset += 1) {
      const port = min + ((offset & 0xffff) % size);
      candidate = key === 'sport' ? { ...tuple, sport: port } : { ...tuple, dport: port };
      if (isFree(candidate)) return candidate;
    }
    if (attempts >= size || attempts < FEWEST_ATTEMPTS) return candidate;
    attempts = Math.floor(attempts / 2);
    offset = randomOffset();
  }
}

/** How conntrack sees a packet that NAT may touch: only tracked packets are. */
export function tracked(attachment: Attachment | undefined): (Attachment & { readonly kind: 'tracked' }) | undefined {
  return attachment?.kind === 'tracked' ? attachment : undefined;
}
