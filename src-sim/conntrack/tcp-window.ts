/**
 * TCP window tracking: whether a segment can belong to the connection, judged by what both sides have sent.
 *
 * @kernel net/netfilter/nf_conntrack_proto_tcp.c:tcp_in_window, after Guido van Rooij, "Real Stateful TCP Packet Filtering in IP Filter"
 */
import type { KernelProfile } from '../kernel';
import { TCP_FLAG, type TcpSegment } from '../net/packet';
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
const MAX_ACK_WINDOW = 66_000;
/** @kernel include/net/tcp.h:TCP_MAX_WSCALE */
const MAX_WINDOW_SCALE = 14;

/** Sequence number arithmetic, RFC 1982: whether `a` comes before `b`. */
export function before(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

export function after(a: number, b: number): boolean {
  return before(b, a);
}

/** The sequence number behind the segment: SYN and FIN take one each. */
export function segmentEnd(tcp: TcpSegment): number {
  return (tcp.seq + tcp.dataLength + (tcp.flags & TCP_FLAG.S ? 1 : 0) + (tcp.flags & TCP_FLAG.F ? 1 : 0)) >>> 0;
}

/** A segment without any option leaves the side as it was. @kernel …_tcp.c:tcp_options */
export function readOptions(side: TcpSide, tcp: TcpSegment, kernel: KernelProfile): void {
  const { mss, windowScale, sackPermitted } = tcp.options;
  if (mss === undefined && windowScale === undefined && !sackPermitted) return;
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
): WindowAnswer {
  const sender = tracking.seen[direction];
  const receiver = tracking.seen[otherDirection(direction)];
  const end = segmentEnd(tcp);
  if (beginSide(tracking, tcp, direction, end, kernel) === 'simultaneous open') return ACCEPTED;
  const { seq, ack, lastByte } = comparedNumbers(tracking, tcp, sender, receiver, end);

  const outside = outsideWindow(sender, receiver, seq, ack, lastByte, kernel);
  if (outside) {
    const liberal = sender.liberal || sysctl.get('net.netfilter.nf_conntrack_tcp_be_liberal') !== 0;
    return liberal ? ACCEPTED : outside;
  }
  updateSides(tcp, sender, receiver, ack, lastByte);
  if (flagSet === 'ack') countRetransmission(tracking, tcp, direction, seq, ack, lastByte, kernel);
  return ACCEPTED;
}

/** The first segment seen of a side, or a SYN that starts it anew, sets what is known of it. */
function beginSide(
  tracking: TcpTracking,
  tcp: TcpSegment,
  direction: Direction,
  end: number,
  kernel: KernelProfile,
): 'simultaneous open' | undefined {
  const sender = tracking.seen[direction];
  const receiver = tracking.seen[otherDirection(direction)];
  const isSyn = (tcp.flags & TCP_FLAG.S) !== 0;
  const isAck = (tcp.flags & TCP_FLAG.A) !== 0;
  if (sender.maxWindow === 0 && !isSyn) {
    pickUpSide(sender, receiver, tcp, end, kernel);
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
  end: number,
  { keepAliveAnswerTaken }: KernelProfile,
): void {
  sender.end = end;
  sender.maxWindow = (tcp.window << sender.scale) >>> 0 || 1;
  sender.maxEnd = (end + sender.maxWindow) >>> 0;
  if (receiver.maxWindow === 0) {
    receiver.end = receiver.maxEnd = tcp.ack;
  } else if (tcp.ack === (receiver.end + 1) >>> 0 && keepAliveAnswerTaken) {
    receiver.end = tcp.ack; // likely the answer to a keep-alive
  }
}

interface Compared {
  readonly seq: number;
  readonly ack: number;
  readonly lastByte: number;
}

/** The numbers that count: some stacks send RSTs and segments without ACK whose fields mean nothing. */
function comparedNumbers(
  tracking: TcpTracking,
  tcp: TcpSegment,
  sender: TcpSide,
  receiver: TcpSide,
  end: number,
): Compared {
  const isAck = (tcp.flags & TCP_FLAG.A) !== 0;
  const isRst = (tcp.flags & TCP_FLAG.R) !== 0;
  const ack = !isAck || (isRst && tcp.ack === 0) ? receiver.end : tcp.ack;
  if (isRst && tcp.seq === 0 && tracking.state === 'SYN_SENT') return { seq: sender.end, ack, lastByte: sender.end };
  return { seq: tcp.seq, ack, lastByte: end };
}

function outsideWindow(
  sender: TcpSide,
  receiver: TcpSide,
  seq: number,
  ack: number,
  end: number,
  kernel: KernelProfile,
): WindowAnswer | undefined {
  const lowestEnd = (sender.end - receiver.maxWindow - 1) >>> 0;
  const lowestAck = (receiver.end - Math.max(sender.maxWindow, MAX_ACK_WINDOW) - 1) >>> 0;
  const ackKnown = before(ack, (receiver.end + 1) >>> 0);
  if (!before(seq, (sender.maxEnd + 1) >>> 0)) {
    const overshoot = (end - sender.maxEnd + 1) >>> 0;
    const slight =
      receiver.maxWindow !== 0 && after(end, lowestEnd) && after(ack, lowestAck) && overshoot <= receiver.maxWindow;
    if (slight && ackKnown && kernel.staleSegmentsIgnored) {
      sender.end = end;
      sender.unacknowledged = true;
      return { kind: 'ignored', text: `${overshoot} bytes more than the receiver's window allows` };
    }
    return { kind: 'invalid', text: `sequence ${seq} is above ${sender.maxEnd}, the end of the receiver's window` };
  }
  if (!ackKnown)
    return { kind: 'invalid', text: `it acknowledges ${ack}, but only data up to ${receiver.end} was seen` };
  const kind = kernel.staleSegmentsIgnored ? 'ignored' : 'invalid';
  const hasWindow = receiver.maxWindow !== 0 || !kernel.unseenReceiverHasNoWindow;
  if (hasWindow && !after(end, lowestEnd)) {
    return { kind, text: `its data, up to ${end}, was acknowledged long ago` };
  }
  if (!after(ack, lowestAck)) return { kind, text: `its acknowledgement ${ack} comes very late` };
  return undefined;
}

function updateSides(tcp: TcpSegment, sender: TcpSide, receiver: TcpSide, ack: number, end: number): void {
  const window = tcp.flags & TCP_FLAG.S ? tcp.window : (tcp.window << sender.scale) >>> 0;
  sender.maxWindow = Math.max(sender.maxWindow, window);
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
  if (after((ack + window) >>> 0, (receiver.maxEnd - 1) >>> 0)) {
    receiver.maxEnd = (ack + window + (window === 0 ? 1 : 0)) >>> 0;
  }
  if (ack === receiver.end) receiver.unacknowledged = false;
}

function countRetransmission(
  tracking: TcpTracking,
  tcp: TcpSegment,
  direction: Direction,
  seq: number,
  ack: number,
  end: number,
  { lastWindowUnscaled }: KernelProfile,
): void {
  const window = lastWindowUnscaled ? tcp.window : (tcp.window << tracking.seen[direction].scale) >>> 0;
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
