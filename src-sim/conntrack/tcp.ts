/**
 * TCP's tracker: what one segment does to an entry. The order of the checks is the kernel's, since each may end it.
 *
 * @kernel net/netfilter/nf_conntrack_proto_tcp.c:nf_conntrack_tcp_packet
 */
import type { KernelProfile } from '../kernel';
import type { TcpSegment } from '../net/packet';
import type { Entry } from './entry';
import { before } from './sequence';
import { sequenceOffset } from './sequence-shift';
import type { Settings } from './settings';
import type { TcpSide } from './tcp-side';
import {
  CLOSING_STATES,
  hasValidFlags,
  TCP_STATES,
  type TcpFlagSet,
  type TcpState,
  tcpFlagSet,
  tcpTransition,
} from './tcp-states';
import type { TcpTracking } from './tcp-tracking';
import { checkWindow, readOptions, segmentEnd } from './tcp-window';
import { tcpStateTimeout, tcpTimeout } from './timeouts';
import type { Conntrack } from './track';
import type { Tracked } from './tracked';
import { type Direction, otherDirection } from './tuple';

interface Segment {
  readonly tcp: TcpSegment;
  readonly direction: Direction;
  readonly flagSet: TcpFlagSet;
}

/** Changes `entry.tcp`, and `assured`; the caller applies `timeout` and `destroy`. */
export function trackTcp(
  entry: Entry,
  tcp: TcpSegment,
  direction: Direction,
  settings: Settings,
  expiresIn: number,
): Tracked {
  if (!hasValidFlags(tcp.flags)) return { kind: 'invalid', text: 'no TCP sends this combination of flags' };
  const segment: Segment = { tcp, direction, flagSet: tcpFlagSet(tcp.flags) };
  if (!entry.status.confirmed) {
    const failed = beginTracking(entry, segment, settings);
    if (failed !== undefined) return { kind: 'invalid', text: failed };
  }
  const tracking = entry.tcp ?? entry.beginTcp();
  const planned = planTransition(entry, tracking, segment, settings);
  if (planned.kind !== 'move') return planned;
  if (planned.checkWindow) {
    const shift = (seq: number) => sequenceOffset(entry, otherDirection(direction), seq);
    const window = checkWindow(tracking, tcp, direction, segment.flagSet, settings, shift);
    if (window.kind === 'ignored') return { kind: 'accepted', text: `${window.text}: let through, nothing learnt` };
    if (window.kind === 'invalid') {
      return {
        kind: 'invalid',
        text: window.text,
        ...shrinkAfterInvalid(entry, tracking, segment, settings, expiresIn),
      };
    }
  }
  return finish(entry, tracking, segment, planned, settings);
}

/** The first segment of a flow. @returns why it cannot be one @kernel …_tcp.c:tcp_new */
function beginTracking(entry: Entry, segment: Segment, { sysctl, kernel }: Settings): string | undefined {
  const { tcp, flagSet } = segment;
  const first = tcpTransition('original', flagSet, 'NONE', kernel);
  if (first === 'INVALID') return `${flagName(flagSet)} cannot begin a connection`;
  const tracking = entry.beginTcp();
  const client = tracking.seen.original;
  client.end = segmentEnd(tcp);
  client.maxWindow = tcp.window || 1;
  client.maxEnd = client.end;
  if (first === 'SYN_SENT') {
    readOptions(client, tcp, kernel);
    return undefined;
  }
  if (sysctl.get('net.netfilter.nf_conntrack_tcp_loose') === 0) {
    return 'no SYN was seen, and nf_conntrack_tcp_loose=0 forbids picking the connection up';
  }
  client.maxEnd = (client.end + client.maxWindow) >>> 0;
  for (const side of [client, tracking.seen.reply]) {
    side.sackPermitted = true;
    side.liberal = true;
  }
  return undefined;
}

interface Move {
  readonly kind: 'move';
  readonly from: TcpState;
  readonly to: TcpState;
  readonly checkWindow: boolean;
}

const move = (from: TcpState, to: TcpState, check = true): Move => ({ kind: 'move', from, to, checkWindow: check });

function planTransition(entry: Entry, tracking: TcpTracking, segment: Segment, settings: Settings): Move | Tracked {
  const { direction, flagSet } = segment;
  const { kernel } = settings;
  const from = tracking.state;
  const to = tcpTransition(direction, flagSet, from, kernel);
  switch (to) {
    case 'SYN_SENT':
      if (TCP_STATES.indexOf(from) < TCP_STATES.indexOf('TIME_WAIT')) return move(from, to);
      if (mayReopen(tracking, direction)) return { kind: 'repeat', text: `a SYN re-opens the connection from ${from}` };
      return ignore(tracking, segment, kernel);
    case 'IGNORE':
      return ignore(tracking, segment, kernel);
    case 'INVALID':
      return { kind: 'invalid', text: `${flagName(flagSet)} from the ${side(direction)} in ${from}` };
    case 'TIME_WAIT':
      return challengeAckInLastAck(tracking, segment) ?? move(from, to);
    case 'SYN_SENT2':
      tracking.simultaneousOpen = kernel.simultaneousOpenCompletes;
      return move(from, to);
    case 'SYN_RECV':
      return move(from, direction === 'reply' && flagSet === 'ack' && tracking.simultaneousOpen ? 'ESTABLISHED' : to);
    case 'CLOSE':
      return flagSet === 'rst' ? planReset(entry, tracking, segment, settings) : move(from, to);
    default:
      return move(from, to);
  }
}

function mayReopen(tracking: TcpTracking, direction: Direction): boolean {
  const closed = tracking.seen.original.closeInitiated || tracking.seen.reply.closeInitiated;
  return closed || (tracking.lastDirection === direction && tracking.lastFlagSet === 'rst');
}

/** Segments that may show that the entry is out of date: kept in mind, so that their answer can bring it back in step. */
function ignore(tracking: TcpTracking, segment: Segment, kernel: KernelProfile): Move | Tracked {
  const { tcp, direction, flagSet } = segment;
  const from = tracking.state;
  const answersIgnoredSyn =
    flagSet === 'synack' &&
    tracking.lastFlagSet === 'syn' &&
    tracking.lastDirection !== direction &&
    tcp.ack === tracking.lastEnd;
  if (answersIgnoredSyn) return resynchronise(tracking, direction, kernel);

  tracking.lastFlagSet = flagSet;
  tracking.lastDirection = direction;
  tracking.lastSeq = tcp.seq;
  tracking.lastEnd = segmentEnd(tcp);
  tracking.lastWindow = tcp.window;
  if (flagSet === 'syn' && direction === 'original') {
    tracking.ignored = { windowScale: tcp.options.windowScale, sackPermitted: tcp.options.sackPermitted ?? false };
    tracking.expectChallengeAck = from === 'LAST_ACK' && kernel.challengeAckInLastAck;
    tracking.simultaneousOpen = false;
  }
  if (from === 'SYN_SENT' && flagSet === 'ack' && direction === 'reply') tracking.lastAck = tcp.ack;
  return {
    kind: 'accepted',
    text: `${flagName(flagSet)} from the ${side(direction)} in ${from}: let through, nothing learnt`,
  };
}

function resynchronise(tracking: TcpTracking, direction: Direction, kernel: KernelProfile): Move {
  const other = tracking.side(tracking.lastDirection);
  other.end = tracking.lastEnd;
  other.maxEnd = tracking.lastEnd;
  other.maxWindow = tracking.lastWindow || 1;
  other.scale = tracking.ignored.windowScale ?? 0;
  other.windowScale = tracking.ignored.windowScale !== undefined;
  other.sackPermitted = tracking.ignored.sackPermitted;
  // The kernel assigns last_flags over all of the side's flags.
  other.liberal = other.closeInitiated = other.maxAckSet = other.unacknowledged = false;
  tracking.expectChallengeAck = false;
  const answering = tracking.side(direction);
  const liberal = answering.liberal && kernel.liberalSurvivesSyn;
  answering.clear();
  answering.liberal = liberal;
  return move('SYN_SENT', 'SYN_RECV');
}

/** RFC 5961: an ACK that only challenges a spurious SYN does not acknowledge the last FIN. */
function challengeAckInLastAck(tracking: TcpTracking, segment: Segment): Tracked | undefined {
  const challenged =
    tracking.state === 'LAST_ACK' &&
    segment.flagSet === 'ack' &&
    tracking.lastDirection !== segment.direction &&
    tracking.lastFlagSet === 'syn' &&
    tracking.expectChallengeAck;
  if (!challenged) return undefined;
  tracking.expectChallengeAck = false;
  return { kind: 'accepted', text: 'a challenge ACK: let through, nothing learnt' };
}

function planReset(entry: Entry, tracking: TcpTracking, segment: Segment, settings: Settings): Move | Tracked {
  const { tcp, direction } = segment;
  const from = tracking.state;
  const { rstJudgedByState, rstMustBeExact, challengedSynResets } = settings.kernel;
  if (CLOSING_STATES.has(from) && rstJudgedByState) return move(from, 'CLOSE', false);
  const peer = tracking.side(otherDirection(direction));
  let to: TcpState = 'CLOSE';
  if (peer.maxAckSet && !(tracking.lastFlagSet === 'syn' && rstJudgedByState)) {
    const checked = checkResetSequence(entry, tracking, segment, peer, settings);
    if (checked.kind !== 'keep') return checked;
    if (rstMustBeExact) to = from;
  }
  const answersIgnored =
    (entry.status.seenReply && tracking.lastFlagSet === 'syn') ||
    (!entry.status.assured && tracking.lastFlagSet === 'ack');
  if (answersIgnored && tcp.ack === tracking.lastEnd) return move(from, to, false);
  const answersChallenge =
    challengedSynResets &&
    from === 'SYN_SENT' &&
    tracking.lastFlagSet === 'ack' &&
    tracking.lastDirection === 'reply' &&
    tcp.seq === tracking.lastAck;
  return move(from, to, !answersChallenge);
}

/** Whether a RST is believed by its sequence number; `keep`: in window but inexact, so a challenge ACK may follow. */
function checkResetSequence(
  entry: Entry,
  tracking: TcpTracking,
  segment: Segment,
  peer: TcpSide,
  { sysctl, kernel }: Settings,
): Move | Tracked | { readonly kind: 'keep' } {
  const { tcp, direction } = segment;
  const from = tracking.state;
  const established = from === 'ESTABLISHED' && entry.status.assured;
  if (tcp.seq === 0 && !established && kernel.rstJudgedByState) return move(from, 'CLOSE');
  const ignoresInvalid =
    kernel.rstJudgedByState && sysctl.get('net.netfilter.nf_conntrack_tcp_ignore_invalid_rst') !== 0;
  if (before(tcp.seq, peer.maxAck) && !ignoresInvalid) {
    return {
      kind: 'invalid',
      text: `RST with sequence ${tcp.seq}, below ${peer.maxAck}, which was acknowledged already`,
    };
  }
  if (!kernel.rstMustBeExact) return { kind: 'keep' };
  if (!established || tcp.seq === peer.maxAck) return move(from, 'CLOSE');
  const followsOwnSegment =
    tracking.lastFlagSet === 'ack' && tracking.lastDirection === direction && tcp.seq === tracking.lastEnd;
  return followsOwnSegment ? move(from, 'CLOSE') : { kind: 'keep' };
}

/**
 * A FIN or RST out of window, twice in opposite directions: the timeout shrinks, else a dead entry would stay for days.
 *
 * @kernel …_tcp.c:nf_tcp_handle_invalid
 */
function shrinkAfterInvalid(
  entry: Entry,
  tracking: TcpTracking,
  segment: Segment,
  { sysctl, kernel }: Settings,
  expiresIn: number,
): { readonly timeout?: number } {
  const { direction, flagSet } = segment;
  if (!kernel.lateCloseShrinksTimeout) return {};
  if (!entry.status.assured || entry.status.fixedTimeout || (flagSet !== 'rst' && flagSet !== 'fin')) return {};
  const answersClose =
    tracking.lastDirection !== direction && (tracking.lastFlagSet === 'fin' || tracking.lastFlagSet === 'rst');
  if (!answersClose) {
    tracking.lastFlagSet = flagSet;
    tracking.lastDirection = direction;
    return {};
  }
  const timeout = tcpTimeout(sysctl, 'unacknowledged');
  return expiresIn >= 120 && expiresIn > timeout ? { timeout } : {};
}

function finish(
  entry: Entry,
  tracking: TcpTracking,
  segment: Segment,
  { from, to }: Move,
  settings: Settings,
): Tracked {
  const { direction, flagSet } = segment;
  tracking.lastFlagSet = flagSet;
  tracking.lastDirection = direction;
  tracking.state = to;
  if (from !== to && to === 'FIN_WAIT') tracking.side(direction).closeInitiated = true;

  const text = from === to ? to : `${from === 'NONE' ? '' : `${from} → `}${to}`;
  const timeout = chooseTimeout(tracking, flagSet, to, settings);
  if (!entry.status.seenReply) return withoutReply(flagSet, from, to, timeout, text, settings);
  if (!entry.status.assured && (from === 'SYN_RECV' || from === 'ESTABLISHED') && to === 'ESTABLISHED') {
    entry.status.assured = true;
  }
  return { kind: 'accepted', text, timeout };
}

/** SEEN_REPLY is set after the tracker ran, so the first answer is still judged here. */
function withoutReply(
  flagSet: TcpFlagSet,
  from: TcpState,
  to: TcpState,
  timeout: number,
  text: string,
  { sysctl, kernel }: Settings,
): Tracked {
  if (flagSet === 'rst') return { kind: 'accepted', text: 'RST before any reply: the entry is deleted', destroy: true };
  if (flagSet === 'syn' && from === 'SYN_SENT' && kernel.synAgainKeepsTimeout) {
    return { kind: 'accepted', text: 'a SYN sent again: it does not refresh the timeout' };
  }
  const capped = to === 'ESTABLISHED' ? Math.min(timeout, tcpTimeout(sysctl, 'unacknowledged')) : timeout;
  return { kind: 'accepted', text, timeout: capped };
}

function chooseTimeout(tracking: TcpTracking, flagSet: TcpFlagSet, to: TcpState, { sysctl, kernel }: Settings): number {
  const regular = tcpStateTimeout(sysctl, to);
  const { original, reply } = tracking.seen;
  const isRepeated = tracking.retransmissions >= sysctl.get('net.netfilter.nf_conntrack_tcp_max_retrans');
  if (isRepeated && regular > tcpTimeout(sysctl, 'max_retrans')) return tcpTimeout(sysctl, 'max_retrans');
  if (flagSet === 'rst') return tcpTimeout(sysctl, 'close');
  if ((original.unacknowledged || reply.unacknowledged) && regular > tcpTimeout(sysctl, 'unacknowledged')) {
    return tcpTimeout(sysctl, 'unacknowledged');
  }
  const isClosed = tracking.lastWindow === 0 && kernel.zeroWindowShortensTimeout;
  return isClosed ? Math.min(regular, tcpTimeout(sysctl, 'max_retrans')) : regular;
}

/**
 * REJECT's RST closes the entry at once.
 *
 * @kernel …_tcp.c:nf_conntrack_tcp_set_closing
 */
export function setClosing(entry: Entry, { table, sysctl, kernel, now }: Conntrack): void {
  if (!kernel.rejectClosesEntry || !entry.status.confirmed || entry.tcp === undefined) return;
  const already = entry.tcp.state === 'CLOSE';
  entry.tcp.state = 'CLOSE';
  if (!already) table.refresh(entry, tcpTimeout(sysctl, 'close'), now);
}

const FLAG_NAMES: Readonly<Record<TcpFlagSet, string>> = {
  syn: 'a SYN',
  synack: 'a SYN,ACK',
  fin: 'a FIN',
  ack: 'an ACK',
  rst: 'a RST',
  none: 'a segment without flags',
};

function flagName(flagSet: TcpFlagSet): string {
  return FLAG_NAMES[flagSet];
}

function side(direction: Direction): string {
  return direction === 'original' ? 'side that opened' : 'side that answers';
}
