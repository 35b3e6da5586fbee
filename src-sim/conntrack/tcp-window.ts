/**
 * TCP window tracking: whether a segment can belong to the connection, judged by what both sides have sent.
 *
 * @kernel net/netfilter/nf_conntrack_proto_tcp.c:tcp_in_window, after Guido van Rooij, "Real Stateful TCP Packet Filtering in IP Filter"
 */
import type { KernelProfile } from '../kernel';
import { type SackBlock, TCP_FLAG, type TcpSegment, tcpOptionLength } from '../net/packet';
import { after, before } from './sequence';
import type { Settings } from './settings';
import type { TcpSide } from './tcp-side';
import type { TcpFlagSet } from './tcp-states';
import type { TcpTracking } from './tcp-tracking';
import { type Direction, otherDirection } from './tuple';

export type WindowAnswer =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'ignored' | 'invalid'; readonly text: string };

const ACCEPTED: WindowAnswer = { kind: 'accepted' };

/** How far back an acknowledgement may lie. @kernel …_tcp.c:MAXACKWINCONST */
export const MAX_ACK_WINDOW = 66_000;
/** @kernel include/net/tcp.h:TCP_MAX_WSCALE */
const MAX_WINDOW_SCALE = 14;

/** The sequence number behind the segment: SYN and FIN take one each. */
export function segmentEnd(tcp: TcpSegment): number {
  return (tcp.seq + tcp.dataLength + (tcp.flags & TCP_FLAG.S ? 1 : 0) + (tcp.flags & TCP_FLAG.F ? 1 : 0)) >>> 0;
}

/** A segment without any option leaves the side as it was. @kernel …_tcp.c:tcp_options */
export function readOptions(side: TcpSide, tcp: TcpSegment, kernel: KernelProfile): void {
  const { windowScale, sackPermitted } = tcp.options;
  if (tcpOptionLength(tcp.options) === 0) return;
  side.scale = Math.min(windowScale ?? 0, MAX_WINDOW_SCALE);
  side.windowScale = windowScale !== undefined;
  side.sackPermitted = sackPermitted ?? false;
  side.closeInitiated = side.maxAckSet = side.unacknowledged = false;
  if (!kernel.liberalSurvivesSyn) side.liberal = false;
}

export function checkWindow(
  tracking: TcpTracking,
  tcp: TcpSegment,
  direction: Direction,
  flagSet: TcpFlagSet,
  { sysctl, kernel }: Settings,
  shift: SequenceOffset,
): WindowAnswer {
  const sender = tracking.side(direction);
  const receiver = tracking.side(otherDirection(direction));
  const named = acknowledged(tcp, receiver, shift);
  if (beginSide(tracking, tcp, direction, named.sack, kernel) === 'simultaneous open') return ACCEPTED;
  const compared = comparedNumbers(tracking, tcp, sender, receiver, named);

  const outside = outsideWindow(sender, receiver, compared, kernel);
  if (outside) {
    const liberal = sender.liberal || sysctl.get('net.netfilter.nf_conntrack_tcp_be_liberal') !== 0;
    return liberal ? ACCEPTED : outside;
  }
  updateSides(tcp, sender, receiver, compared);
  if (flagSet === 'ack') countRetransmission(tracking, tcp, direction, compared, kernel);
  return ACCEPTED;
}

interface Acknowledged {
  readonly ack: number;
  /** The highest that is acknowledged, selectively too. */
  readonly sack: number;
}

/** @param shift of the receiver's sequence numbers, where NAT made its segments longer */
function acknowledged({ ack, options }: TcpSegment, receiver: TcpSide, shift: SequenceOffset): Acknowledged {
  const highest = receiver.sackPermitted && options.sack ? highestBlock(ack, options.sack) : ack;
  const offset = shift((ack - 1) >>> 0);
  return offset === 0 ? { ack, sack: highest } : { ack: (ack - offset) >>> 0, sack: (highest - offset) >>> 0 };
}

/** @kernel …_tcp.c:tcp_sack */
function highestBlock(ack: number, blocks: readonly SackBlock[]): number {
  return blocks.reduce((highest, [, right]) => (after(right, highest) ? right : highest), ack);
}

/** By how much a sequence number of the receiver's is shifted. */
export type SequenceOffset = (seq: number) => number;

/** The first segment seen of a side, or a SYN that starts it anew, sets what is known of it. */
function beginSide(
  tracking: TcpTracking,
  tcp: TcpSegment,
  direction: Direction,
  sack: number,
  kernel: KernelProfile,
): 'simultaneous open' | undefined {
  const end = segmentEnd(tcp);
  const sender = tracking.side(direction);
  const receiver = tracking.side(otherDirection(direction));
  const isSyn = (tcp.flags & TCP_FLAG.S) !== 0;
  const isAck = (tcp.flags & TCP_FLAG.A) !== 0;
  if (sender.maxWindow === 0 && !isSyn) {
    pickUpSide(sender, receiver, tcp, sack, kernel);
    return undefined;
  }
  const opening = tracking.state === 'SYN_SENT' || tracking.state === 'SYN_RECV';
  if (sender.maxWindow !== 0 && !kernel.laterSynRestartsSide) {
    const starts = direction === 'original' ? 'SYN_SENT' : 'SYN_RECV';
    if (tracking.state === starts && after(end, sender.end)) startSender(sender, tcp, end, kernel);
    return undefined;
  }
  if (sender.maxWindow !== 0 && !(isSyn && opening && after(end, sender.end))) return undefined;
  const first = sender.maxWindow === 0;
  startSender(sender, tcp, end, kernel);
  const settlesScale = direction === 'reply' || !kernel.scaleSettledByReply;
  // RFC 7323 §1.3: only if both sides send the option does either scale.
  if (settlesScale && !(sender.windowScale && receiver.windowScale)) sender.scale = receiver.scale = 0;
  return !isAck && (first || direction === 'reply') ? 'simultaneous open' : undefined;
}

/** @kernel …_tcp.c:tcp_init_sender */
function startSender(sender: TcpSide, tcp: TcpSegment, end: number, kernel: KernelProfile): void {
  sender.end = sender.maxEnd = end;
  sender.maxWindow = tcp.window || 1;
  readOptions(sender, tcp, kernel);
}

function pickUpSide(
  sender: TcpSide,
  receiver: TcpSide,
  tcp: TcpSegment,
  sack: number,
  { keepAliveAnswerTaken }: KernelProfile,
): void {
  const end = segmentEnd(tcp);
  sender.end = end;
  sender.maxWindow = (tcp.window << sender.scale) >>> 0 || 1;
  sender.maxEnd = (end + sender.maxWindow) >>> 0;
  if (receiver.maxWindow === 0) {
    receiver.end = receiver.maxEnd = sack;
  } else if (sack === (receiver.end + 1) >>> 0 && keepAliveAnswerTaken) {
    receiver.end = sack; // likely the answer to a keep-alive
  }
}

interface Compared extends Acknowledged {
  readonly seq: number;
  /** The sequence number behind the last byte. */
  readonly end: number;
}

/** The numbers that count: some stacks send RSTs and segments without ACK whose fields mean nothing. */
function comparedNumbers(
  tracking: TcpTracking,
  tcp: TcpSegment,
  sender: TcpSide,
  receiver: TcpSide,
  named: Acknowledged,
): Compared {
  const isAck = (tcp.flags & TCP_FLAG.A) !== 0;
  const isRst = (tcp.flags & TCP_FLAG.R) !== 0;
  const counts = isAck && !(isRst && named.ack === 0);
  const { ack, sack } = counts ? named : { ack: receiver.end, sack: receiver.end };
  if (isRst && tcp.seq === 0 && tracking.state === 'SYN_SENT') return { seq: sender.end, ack, sack, end: sender.end };
  return { seq: tcp.seq, ack, sack, end: segmentEnd(tcp) };
}

function outsideWindow(
  sender: TcpSide,
  receiver: TcpSide,
  { seq, sack, end }: Compared,
  kernel: KernelProfile,
): WindowAnswer | undefined {
  const lowestEnd = (sender.end - receiver.maxWindow - 1) >>> 0;
  const lowestAck = (receiver.end - Math.max(sender.maxWindow, MAX_ACK_WINDOW) - 1) >>> 0;
  const ackKnown = before(sack, (receiver.end + 1) >>> 0);
  if (!before(seq, (sender.maxEnd + 1) >>> 0)) {
    const overshoot = (end - sender.maxEnd + 1) >>> 0;
    const slight =
      receiver.maxWindow !== 0 && after(end, lowestEnd) && after(sack, lowestAck) && overshoot <= receiver.maxWindow;
    if (slight && ackKnown && kernel.staleSegmentsIgnored) {
      sender.end = end;
      sender.unacknowledged = true;
      return { kind: 'ignored', text: `${overshoot} bytes more than the receiver's window allows` };
    }
    return { kind: 'invalid', text: `sequence ${seq} is above ${sender.maxEnd}, the end of the receiver's window` };
  }
  if (!ackKnown)
    return { kind: 'invalid', text: `it acknowledges ${sack}, but only data up to ${receiver.end} was seen` };
  const kind = kernel.staleSegmentsIgnored ? 'ignored' : 'invalid';
  const hasWindow = receiver.maxWindow !== 0 || !kernel.unseenReceiverHasNoWindow;
  if (hasWindow && !after(end, lowestEnd)) {
    return { kind, text: `its data, up to ${end}, was acknowledged long ago` };
  }
  if (!after(sack, lowestAck)) return { kind, text: `its acknowledgement ${sack} comes very late` };
  return undefined;
}

function updateSides(tcp: TcpSegment, sender: TcpSide, receiver: TcpSide, { ack, sack, end }: Compared): void {
  const window = tcp.flags & TCP_FLAG.S ? tcp.window : (tcp.window << sender.scale) >>> 0;
  sender.maxWindow = Math.max(sender.maxWindow, (window + sack - ack) >>> 0);
  if (after(end, sender.end)) {
    sender.end = end;
    sender.unacknowledged = true;
  }
  if (tcp.flags & TCP_FLAG.A && (!sender.maxAckSet || after(ack, sender.maxAck))) {
    sender.maxAck = ack;
    sender.maxAckSet = true;
  }
  if (receiver.maxWindow !== 0 && after(end, sender.maxEnd)) {
    receiver.maxWindow = (receiver.maxWindow + ((end - sender.maxEnd) >>> 0)) >>> 0;
  }
  if (after((sack + window) >>> 0, (receiver.maxEnd - 1) >>> 0)) {
    receiver.maxEnd = (sack + window + (window === 0 ? 1 : 0)) >>> 0;
  }
  if (ack === receiver.end) receiver.unacknowledged = false;
}

function countRetransmission(
  tracking: TcpTracking,
  tcp: TcpSegment,
  direction: Direction,
  { seq, ack, end }: Compared,
  { lastWindowUnscaled }: KernelProfile,
): void {
  const window = lastWindowUnscaled ? tcp.window : (tcp.window << tracking.side(direction).scale) >>> 0;
  const again =
    tracking.lastDirection === direction &&
    tracking.lastSeq === seq &&
    tracking.lastAck === ack &&
    tracking.lastEnd === end &&
    tracking.lastWindow === window;
  if (again) {
    tracking.retransmissions += 1;
    return;
  }
  tracking.lastDirection = direction;
  tracking.lastSeq = seq;
  tracking.lastAck = ack;
  tracking.lastEnd = end;
  tracking.lastWindow = window & 0xffff;
  tracking.retransmissions = 0;
}
