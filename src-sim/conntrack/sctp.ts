/**
 * SCTP's tracker: what one packet, with its one chunk, does to an entry.
 *
 * @kernel net/netfilter/nf_conntrack_proto_sctp.c:nf_conntrack_sctp_packet
 */
import type { Sysctl } from '../host/sysctl';
import type { SctpPacket } from '../net/packet';
import type { Entry } from './entry';
import { type SctpChunk, type SctpState, sctpChunk, sctpTransition } from './sctp-states';
import { protocolTimeout } from './timeouts';
import type { Tracked } from './tracked';
import { type Direction, otherDirection } from './tuple';

export interface SctpTracking {
  state: SctpState;
  /** The verification tag that each direction's packets must carry; 0: not known yet. */
  readonly tags: Record<Direction, number>;
  /** Whether an INIT was seen of the direction. */
  readonly init: Record<Direction, boolean>;
  heartbeatTagFailed: boolean;
  lastDirection: Direction;
}

/** Chunks whose verification tag has rules of its own, RFC 9260 §8.5.1. */
const OWN_TAG_RULES: ReadonlySet<SctpChunk | undefined> = new Set([
  'init',
  'shutdown_complete',
  'cookie_echo',
  'abort',
  'shutdown_ack',
  'heartbeat',
  'heartbeat_ack',
]);

/** Chunks that cannot begin an association, RFC 9260 §8.4. */
const NEVER_FIRST: ReadonlySet<SctpChunk | undefined> = new Set(['abort', 'shutdown_complete', 'cookie_ack']);

const invalid = (text: string): Tracked => ({ kind: 'invalid', text });

export function trackSctp(entry: Entry, packet: SctpPacket, direction: Direction, sysctl: Sysctl): Tracked {
  const chunk = sctpChunk(packet.chunk);
  const name = chunk?.replace('_', ' ').toUpperCase() ?? `chunk ${packet.chunk}`;
  if (!entry.status.confirmed) {
    const begun = begin(packet, chunk);
    if (begun === undefined) return invalid(`${name} cannot begin an association`);
    entry.sctp = begun;
  }
  const tracking = entry.sctp ?? fresh();
  if (!OWN_TAG_RULES.has(chunk) && packet.tag !== tracking.tags[direction])
    return invalid("its verification tag is not the association's");
  const tagged = checkTag(tracking, packet, chunk, direction);
  if (tagged === 'invalid') return invalid("its verification tag is not the association's");
  if (tagged === 'ignore') return { kind: 'accepted', text: `${name} with another tag: let through, nothing learnt` };
  return moveState(entry, tracking, packet, direction, { chunk, name }, sysctl);
}

function fresh(): SctpTracking {
  return {
    state: 'NONE',
    tags: { original: 0, reply: 0 },
    init: { original: false, reply: false },
    heartbeatTagFailed: false,
    lastDirection: 'original',
  };
}

/** @kernel …_sctp.c:sctp_new */
function begin(packet: SctpPacket, chunk: SctpChunk | undefined): SctpTracking | undefined {
  // A chunk that moves no state leaves NONE, which begins nothing.
  if (chunk === undefined || NEVER_FIRST.has(chunk) || (chunk === 'init' && packet.tag !== 0)) return undefined;
  const tracking = fresh();
  if (chunk === 'init') tracking.tags.reply = packet.initTag;
  if (chunk === 'heartbeat') tracking.tags.original = packet.tag;
  if (chunk === 'shutdown_ack') tracking.tags.reply = packet.tag;
  return tracking;
}

function checkTag(
  tracking: SctpTracking,
  packet: SctpPacket,
  chunk: SctpChunk | undefined,
  direction: Direction,
): 'good' | 'ignore' | 'invalid' {
  const own = tracking.tags[direction];
  switch (chunk) {
    case 'init':
      return packet.tag === 0 ? 'good' : 'invalid';
    case 'abort':
    case 'shutdown_complete':
    case 'cookie_echo':
      return packet.tag === own ? 'good' : 'invalid';
    case 'cookie_ack':
      tracking.init.original = tracking.init.reply = false;
      return 'good';
    case 'heartbeat':
    case 'heartbeat_ack':
      return checkHeartbeat(tracking, packet, chunk, direction);
    default:
      return 'good';
  }
}

/** A heartbeat may come from another path of the same peer, with a tag of its own. */
function checkHeartbeat(
  tracking: SctpTracking,
  packet: SctpPacket,
  chunk: 'heartbeat' | 'heartbeat_ack',
  direction: Direction,
): 'good' | 'ignore' | 'invalid' {
  const own = tracking.tags[direction];
  if (own === 0) {
    tracking.tags[direction] = packet.tag;
  } else if (packet.tag === own) {
    tracking.heartbeatTagFailed = false;
  } else if (chunk === 'heartbeat') {
    tracking.heartbeatTagFailed = true;
    tracking.lastDirection = direction;
    return 'ignore';
  } else {
    if (!tracking.heartbeatTagFailed || tracking.lastDirection === direction) return 'invalid';
    tracking.heartbeatTagFailed = false;
    tracking.tags[direction] = packet.tag;
    tracking.tags[otherDirection(direction)] = 0;
  }
  return 'good';
}

function moveState(
  entry: Entry,
  tracking: SctpTracking,
  packet: SctpPacket,
  direction: Direction,
  { chunk, name }: { readonly chunk: SctpChunk | undefined; readonly name: string },
  sysctl: Sysctl,
): Tracked {
  const from = tracking.state;
  const to = sctpTransition(direction, chunk, from);
  if (to === 'INVALID') return invalid(`${name} from the side that answers in ${from}`);
  let repeated = false;
  if (chunk === 'init') {
    noteInit(tracking, packet, direction);
    repeated = to === 'CLOSED' && from === 'CLOSED' && entry.status.confirmed;
  } else if (chunk === 'init_ack' && !noteInitAck(tracking, packet, direction)) {
    return invalid('an INIT ACK that answers another INIT');
  }
  tracking.state = to;
  if (from !== to && to === 'ESTABLISHED') entry.status.assured = true;
  if (repeated) return { kind: 'accepted', text: 'an INIT sent again: it does not refresh the timeout' };
  const timeout = protocolTimeout(sysctl, `sctp_timeout_${to.toLowerCase()}`);
  return { kind: 'accepted', text: from === to ? to : `${from === 'NONE' ? '' : `${from} → `}${to}`, timeout };
}

function noteInit(tracking: SctpTracking, packet: SctpPacket, direction: Direction): void {
  const other = otherDirection(direction);
  if (tracking.init[direction] && tracking.init[other]) tracking.init[other] = false;
  tracking.init[direction] = true;
  tracking.tags[other] = packet.initTag;
}

function noteInitAck(tracking: SctpTracking, packet: SctpPacket, direction: Direction): boolean {
  const other = otherDirection(direction);
  const known = tracking.tags[other];
  if (!tracking.init[other] && known !== 0 && known !== packet.initTag) return false;
  if (tracking.init[direction] && tracking.init[other] && known !== packet.initTag) return false;
  tracking.tags[other] = packet.initTag;
  return true;
}
