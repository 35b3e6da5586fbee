/**
 * Conntrack itself: from a packet to its entry and state, and the entry's confirmation.
 *
 * @kernel net/netfilter/nf_conntrack_core.c:nf_conntrack_in
 */
import type { IcmpMessage, Packet } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import { countPacket, freshCounters } from './accounting';
import type { Attachment, CtInfo, Entry, Template } from './entry';
import type { Expectation } from './expectation';
import { trackProtocol } from './protocols';
import type { Settings } from './settings';
import type { ConntrackTable, Found } from './table';
import { type Direction, icmpTypeOf, invertTuple, type Tuple, tupleOf } from './tuple';
import { DEFAULT_ZONE, hasTwoIds, ZONE_BY_DIRECTION } from './zone';

export interface Conntrack extends Settings {
  readonly table: ConntrackTable;
  readonly now: number;
  /** Whether new entries count what their flow carries. */
  readonly counts: boolean;
}

export interface TrackContext extends Conntrack {
  readonly isPrerouting: boolean;
}

export interface TrackAnswer {
  /** `DROP` only where the table is full. */
  readonly verdict: 'ACCEPT' | 'DROP';
  readonly attachment: Attachment | undefined;
  readonly change: 'created' | 'updated' | 'unchanged' | 'destroyed' | 'none';
  /** For a person: why this state. */
  readonly text: string;
  /** What the flow's first packet fulfilled. */
  readonly expected?: Expectation;
}

const invalid = (text: string): TrackAnswer => ({ verdict: 'ACCEPT', attachment: undefined, change: 'none', text });

/** ICMP error types: they quote the packet that they are about. @kernel include/linux/icmp.h:icmp_is_err */
const ICMP_ERRORS: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);
/** @kernel include/uapi/linux/icmp.h:NR_ICMP_TYPES */
const HIGHEST_ICMP_TYPE = 18;
const MULTICAST_ROUTER_DISCOVERY: ReadonlySet<number> = new Set([151, 152]);
/** Multicast listener, neighbour and router discovery. */
const ICMPV6_UNTRACKED: ReadonlySet<number> = new Set([
  130,
  131,
  132,
  133,
  134,
  135,
  136,
  143,
  ...MULTICAST_ROUTER_DISCOVERY,
]);

export function track(packet: Packet, before: Attachment | undefined, conntrack: TrackContext): TrackAnswer {
  if (before?.kind === 'tracked') {
    return { verdict: 'ACCEPT', attachment: before, change: 'unchanged', text: 'seen before on this host' };
  }
  if (before?.kind === 'untracked')
    return { verdict: 'ACCEPT', attachment: before, change: 'none', text: 'taken out of conntrack in raw' };
  const template = before?.template;
  if (isSpoilt(packet, conntrack)) return invalid('its checksum is wrong');
  if (packet.transport.kind === 'icmp') {
    const special = trackIcmpSpecial(packet, packet.transport, template, conntrack);
    if (special) return special;
  }
  const tuple = tupleOf(packet);
  return tuple === undefined
    ? invalid('a later fragment has no ports')
    : trackTuple(packet, tuple, template, conntrack);
}

/** Only arriving packets are added up; a datagram that says another length than it has is wrong anywhere. */
function isSpoilt({ spoilt, protocol }: Packet, { sysctl, isPrerouting }: TrackContext): boolean {
  if (!spoilt) return false;
  if (protocol === PROTOCOL.udp) return true;
  return isPrerouting && SUMMED.has(protocol) && sysctl.get('net.netfilter.nf_conntrack_checksum') !== 0;
}

const SUMMED: ReadonlySet<number> = new Set([PROTOCOL.tcp, PROTOCOL.icmp, PROTOCOL.icmpv6, PROTOCOL.sctp]);

function trackTuple(
  packet: Packet,
  tuple: Tuple,
  template: Template | undefined,
  conntrack: TrackContext,
): TrackAnswer {
  const known = lookUp(tuple, template, conntrack);
  const resolved: Created | string = known ?? create(tuple, template, conntrack);
  if (typeof resolved === 'string') {
    return resolved === TABLE_FULL ? { ...invalid(resolved), verdict: 'DROP' } : invalid(resolved);
  }
  const answer = trackFound(packet, resolved, known === undefined, conntrack);
  return answer === 'again' ? trackTuple(packet, tuple, template, conntrack) : answer;
}

/** @returns `again` where the entry was closed, and the packet opens another: it is gone */
export function trackFound(
  packet: Pick<Packet, 'protocol' | 'length' | 'transport'>,
  { entry, direction, expected }: Created,
  isNew: boolean,
  conntrack: TrackContext,
): TrackAnswer | 'again' {
  const { now, sysctl, kernel, isPrerouting } = conntrack;
  const info = ctInfo(entry, direction);
  const tracked = trackProtocol(entry, packet, { direction, now, sysctl, kernel, isPrerouting });
  if (tracked.kind === 'repeat') {
    conntrack.table.remove(entry);
    return 'again';
  }
  if ('timeout' in tracked && tracked.timeout !== undefined) {
    conntrack.table.refresh(entry, tracked.timeout, now);
  }
  if (tracked.kind === 'invalid') return invalid(tracked.text);
  if (tracked.destroy) conntrack.table.remove(entry);
  const isCounted = tracked.destroy || tracked.timeout !== undefined;
  if (entry.counters && isCounted) countPacket(entry.counters, direction, packet.length);
  if (direction === 'reply') entry.status.seenReply = true;
  const change = tracked.destroy ? 'destroyed' : isNew ? 'created' : 'updated';
  const attachment: Attachment = { kind: 'tracked', entry, info, direction };
  if (expected === undefined) return { verdict: 'ACCEPT', attachment, change, text: tracked.text };
  const text = `${tracked.text}; the helper ${expected.master.helper} expected it`;
  return { verdict: 'ACCEPT', attachment, change, text, expected };
}

function lookUp(tuple: Tuple, template: Template | undefined, { table, now }: Conntrack): Found | undefined {
  const zone = template?.zone ?? DEFAULT_ZONE;
  const original = ZONE_BY_DIRECTION.original(zone);
  if (!hasTwoIds(zone)) return table.find(tuple, original, now);
  const reply = ZONE_BY_DIRECTION.reply(zone);
  return table.find(tuple, original, now, 'original') ?? table.find(tuple, reply, now, 'reply');
}

const TABLE_FULL = 'the conntrack table is full';

interface Created extends Found {
  readonly expected?: Expectation;
}

/** @kernel nf_conntrack_core.c:init_conntrack */
function create(tuple: Tuple, template: Template | undefined, conntrack: Conntrack): Created | string {
  const reply = invertTuple(tuple);
  if (reply === undefined) return `ICMP type ${icmpTypeOf(tuple)} is no request`;
  const { table, now } = conntrack;
  if (!hasRoom(conntrack)) return TABLE_FULL;
  const entry = table.open(tuple, reply, template?.zone ?? DEFAULT_ZONE, now);
  countFrom(entry, conntrack);
  const expected = table.expectations.size > 0 ? takeExpectation(entry, tuple, template, table) : undefined;
  if (expected === undefined && template?.helper !== undefined) entry.helper = template.helper;
  return { entry, direction: 'original', ...(expected && { expected }) };
}

/** A flow that another one announced belongs to it. */
function takeExpectation(
  entry: Entry,
  tuple: Tuple,
  template: Template | undefined,
  table: ConntrackTable,
): Expectation | undefined {
  const expected = table.expectations.take(tuple, (template?.zone ?? DEFAULT_ZONE).id);
  if (expected === undefined) return undefined;
  entry.status.expected = true;
  entry.master = expected.master;
  expected.master.isMaster = true;
  entry.mark = expected.master.mark;
  if (expected.helper !== undefined) entry.helper = expected.helper;
  return expected;
}

function countFrom(entry: Entry, { counts }: Conntrack): void {
  if (counts) entry.counters = freshCounters();
}

function hasRoom(conntrack: Conntrack): boolean {
  const { table, sysctl } = conntrack;
  return table.size < sysctl.get('net.netfilter.nf_conntrack_max') || dropEarly(conntrack);
}

/**
 * The first packet of a flow with ports, as {@link track} takes it where nothing was said of it beforehand, and
 * nothing is expected.
 *
 * @param src, dst, ports, rest the key of its tuple, as the table's columns have it
 */
export function trackFirst(
  packet: Pick<Packet, 'protocol' | 'length' | 'transport'>,
  [src, dst, ports, rest]: readonly [src: number, dst: number, ports: number, rest: number],
  conntrack: TrackContext,
): TrackAnswer {
  if (!hasRoom(conntrack)) return { ...invalid(TABLE_FULL), verdict: 'DROP' };
  const entry = conntrack.table.openFlow(src, dst, ports, rest, conntrack.now);
  countFrom(entry, conntrack);
  const answer = trackFound(packet, { entry, direction: 'original' }, true, conntrack);
  return answer === 'again' ? invalid('closed before it began') : answer;
}

/** How many buckets are searched for an entry that may go. @kernel nf_conntrack_core.c:NF_CT_EVICTION_RANGE */
const EVICTION_RANGE = 8;

/** @deviates which buckets are searched is chance: an entry goes where one is to be expected in them, the oldest */
function dropEarly({ table, sysctl }: Conntrack): boolean {
  const expected = (2 * table.size * EVICTION_RANGE) / sysctl.get('net.netfilter.nf_conntrack_buckets');
  if (expected < 1) return false;
  for (const entry of table.entries()) {
    if (entry.status.assured) continue;
    table.remove(entry);
    return true;
  }
  return false;
}

/** @kernel nf_conntrack_core.c:resolve_normal_ct */
function ctInfo(entry: Entry, direction: Direction): CtInfo {
  if (direction === 'reply' || entry.status.seenReply) return 'ESTABLISHED';
  return entry.status.expected ? 'RELATED' : 'NEW';
}

/** @kernel net/netfilter/nf_conntrack_proto_icmpv6.c:noct_valid_new */
function isNeverTracked(type: number, { kernel }: Conntrack): boolean {
  return ICMPV6_UNTRACKED.has(type) && (kernel.routerDiscoveryUntracked || !MULTICAST_ROUTER_DISCOVERY.has(type));
}

/** What conntrack does with ICMP before it looks for a flow of the message's own; undefined: nothing special. */
function trackIcmpSpecial(
  packet: Packet,
  icmp: IcmpMessage,
  template: Template | undefined,
  conntrack: Conntrack,
): TrackAnswer | undefined {
  if (packet.protocol === PROTOCOL.icmpv6) {
    if (isNeverTracked(icmp.type, conntrack)) {
      return {
        verdict: 'ACCEPT',
        attachment: { kind: 'untracked' },
        change: 'none',
        text: 'neighbour and listener discovery is never tracked',
      };
    }
    return icmp.type < 128 ? trackError(packet, icmp, template, conntrack) : undefined;
  }
  if (icmp.type > HIGHEST_ICMP_TYPE) return invalid(`ICMP type ${icmp.type} is unknown`);
  return ICMP_ERRORS.has(icmp.type) ? trackError(packet, icmp, template, conntrack) : undefined;
}

/** An ICMP error belongs to the flow of the packet that it quotes. @kernel nf_conntrack_proto_icmp.c:nf_conntrack_inet_error */
function trackError(
  packet: Packet,
  icmp: IcmpMessage,
  template: Template | undefined,
  conntrack: Conntrack,
): TrackAnswer {
  const quoted = icmp.inner && tupleOf(icmp.inner);
  if (quoted === undefined) return invalid('an ICMP error that quotes no packet');
  const answer = invertTuple(quoted);
  if (answer === undefined) return invalid('an ICMP error about a packet that nothing answers');
  const zone = template?.zone ?? DEFAULT_ZONE;
  const found = conntrack.table.find(answer, ZONE_BY_DIRECTION.original(zone), conntrack.now);
  if (found === undefined) return invalid('an ICMP error about a flow that is not in the table');
  const expectedDestination = (found.direction === 'original' ? found.entry.original : found.entry.reply).dst;
  if (packet.dst !== expectedDestination && conntrack.kernel.icmpErrorToItsSender) {
    return invalid(`an ICMP error to ${packet.dst} about a flow of ${expectedDestination}`);
  }
  const attachment: Attachment = { kind: 'tracked', entry: found.entry, info: 'RELATED', direction: found.direction };
  return {
    verdict: 'ACCEPT',
    attachment,
    change: 'unchanged',
    text: 'an ICMP error about a flow that is in the table',
  };
}

export interface ConfirmAnswer {
  readonly verdict: 'ACCEPT' | 'DROP';
  readonly change: 'confirmed' | 'already' | 'clash' | 'none';
  readonly text: string;
}

/** The packet leaves, or is delivered: its entry enters the table. @kernel nf_conntrack_core.c:__nf_conntrack_confirm */
export function confirm(attachment: Attachment | undefined, { table, now }: Conntrack): ConfirmAnswer {
  if (attachment?.kind !== 'tracked') return { verdict: 'ACCEPT', change: 'none', text: 'no entry to confirm' };
  const { entry, direction } = attachment;
  if (entry.status.confirmed || direction === 'reply')
    return { verdict: 'ACCEPT', change: 'already', text: 'confirmed already' };
  if (entry.status.dying) return { verdict: 'DROP', change: 'none', text: 'the entry is being deleted' };
  const clash = table.insert(entry, now);
  if (clash === undefined) return { verdict: 'ACCEPT', change: 'confirmed', text: 'the entry is in the table now' };
  const resolved = mayShareEntry(entry, clash.entry);
  const text = `another flow already has this tuple${resolved ? ': the packet goes with that one' : ''}`;
  return { verdict: resolved ? 'ACCEPT' : 'DROP', change: 'clash', text };
}

/** Protocols whose clashing packets are dropped at once. @kernel nf_conntrack_proto_*.c:allow_clash */
const NO_CLASH: ReadonlySet<number> = new Set([PROTOCOL.tcp, PROTOCOL.sctp]);

/** @kernel nf_conntrack_core.c:nf_ct_resolve_clash */
function mayShareEntry(entry: Entry, other: Entry): boolean {
  if (NO_CLASH.has(entry.original.protocol)) return false;
  const { srcNatDone, dstNatDone } = other.status;
  return !srcNatDone && !dstNatDone;
}
