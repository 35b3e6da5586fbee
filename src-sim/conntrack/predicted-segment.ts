/**
 * What nearly every segment is: an ACK inside a connection, in the windows that both sides know. Its
 * tracking is that of tcp.ts and tcp-window.ts with everything left out that cannot happen to it, on the numbers of the
 * row themselves. Whatever else a segment is, nothing is touched, and the tracker takes it.
 *
 * @see Van Jacobson, "4BSD TCP Header Prediction", 1990; test/compiled.test.ts holds it to the tracker
 */
import { TCP_FLAG, type TcpSegment } from '../net/packet';
import { type EntryColumns, ROW_TIMES, ROW_WORDS, TIME, WORD } from './columns';
import { STATUS_BIT } from './entry-row';
import { PredictedTimeout } from './predicted-timeout';
import type { Settings } from './settings';
import { SIDE_BIT, SIDE_NUMBER, SIDE_SCALE_BITS } from './tcp-side';
import { TCP_FLAG_SETS, TCP_STATES } from './tcp-states';
import { LAST_FLAG_SET, STATE, TCP_WORD, TRACKING_BIT } from './tcp-tracking';
import { MAX_ACK_WINDOW } from './tcp-window';
import { tcpTimeout } from './timeouts';

/** Confirmed, answered, alive, and its timeout is not fixed. */
const STATUS_ASKED = STATUS_BIT.confirmed | STATUS_BIT.seenReply | STATUS_BIT.dying | STATUS_BIT.fixedTimeout;
const STATUS_WANTED = STATUS_BIT.confirmed | STATUS_BIT.seenReply;
/** Flags that no check of conntrack's looks at. */
export const IRRELEVANT_FLAGS = TCP_FLAG.P | TCP_FLAG.E | TCP_FLAG.C;

export const STATE_BITS = STATE.mask << STATE.shift;
const ESTABLISHED = TCP_STATES.indexOf('ESTABLISHED') << STATE.shift;
/** The ACK that ends the handshake, from the side that began it. */
const SYN_RECV = TCP_STATES.indexOf('SYN_RECV') << STATE.shift;
const CHANGED_BITS = STATE_BITS | (LAST_FLAG_SET.mask << LAST_FLAG_SET.shift) | TRACKING_BIT.lastIsReply;
const AFTER_ACK = ESTABLISHED | (TCP_FLAG_SETS.indexOf('ack') << LAST_FLAG_SET.shift);

export class SegmentPrediction {
  readonly #lastWindowUnscaled: boolean;
  readonly #timeout: PredictedTimeout;
  readonly #established: number;

  constructor(
    readonly columns: EntryColumns,
    settings: Settings,
  ) {
    this.#lastWindowUnscaled = settings.kernel.lastWindowUnscaled;
    this.#timeout = new PredictedTimeout(columns, settings);
    this.#established = tcpTimeout(settings.sysctl, 'established');
  }

  /**
   * @param segment without options
   * @returns whether it was as predicted, and is tracked; else nothing has changed
   */
  track(row: number, isReply: boolean, segment: TcpSegment, now: number): boolean {
    const { words, times } = this.columns;
    const start = row * ROW_WORDS;
    const tracking = words[start + TCP_WORD.flags] ?? 0;
    const status = words[start + WORD.status] ?? 0;
    if ((segment.flags & ~IRRELEVANT_FLAGS) !== TCP_FLAG.A) return false;
    const state = tracking & STATE_BITS;
    if (state !== ESTABLISHED && (state !== SYN_RECV || isReply)) return false;
    if ((status & STATUS_ASKED) !== STATUS_WANTED) return false;

    const own = start + (isReply ? TCP_WORD.replyNumbers : TCP_WORD.originalNumbers);
    const peer = start + (isReply ? TCP_WORD.originalNumbers : TCP_WORD.replyNumbers);
    const ownMaxWindow = (words[own + SIDE_NUMBER.maxWindow] ?? 0) >>> 0;
    const peerMaxWindow = (words[peer + SIDE_NUMBER.maxWindow] ?? 0) >>> 0;
    if (ownMaxWindow === 0 || peerMaxWindow === 0) return false;
    const seq = segment.seq | 0;
    const ack = segment.ack | 0;
    const end = (seq + segment.dataLength) | 0;
    const ownEnd = words[own + SIDE_NUMBER.end] ?? 0;
    const ownMaxEnd = words[own + SIDE_NUMBER.maxEnd] ?? 0;
    const peerEnd = words[peer + SIDE_NUMBER.end] ?? 0;
    if (!isBefore(seq, ownMaxEnd + 1) || !isBefore(ack, peerEnd + 1)) return false;
    if (!isBefore(ownEnd - peerMaxWindow - 1, end)) return false;
    if (!isBefore(peerEnd - Math.max(ownMaxWindow, MAX_ACK_WINDOW) - 1, ack)) return false;

    this.#update(start, isReply, segment, end);
    words[start + TCP_WORD.flags] = (tracking & ~CHANGED_BITS) | AFTER_ACK | (isReply ? TRACKING_BIT.lastIsReply : 0);
    words[start + WORD.status] = status | STATUS_BIT.assured;
    times[row * ROW_TIMES + TIME.timeout] = now + this.#timeout.of(row, this.#established);
    return true;
  }

  /** What tcp-window.ts:updateSides and countRetransmission do. */
  #update(start: number, isReply: boolean, segment: TcpSegment, end: number): void {
    const { words } = this.columns;
    const own = start + (isReply ? TCP_WORD.replyNumbers : TCP_WORD.originalNumbers);
    const peer = start + (isReply ? TCP_WORD.originalNumbers : TCP_WORD.replyNumbers);
    const ownFlags = start + (isReply ? TCP_WORD.replyFlags : TCP_WORD.originalFlags);
    const peerFlags = start + (isReply ? TCP_WORD.originalFlags : TCP_WORD.replyFlags);
    const ack = segment.ack | 0;
    let flags = words[ownFlags] ?? 0;
    const window = (segment.window << (flags & SIDE_SCALE_BITS)) >>> 0;
    if (window > (words[own + SIDE_NUMBER.maxWindow] ?? 0) >>> 0) words[own + SIDE_NUMBER.maxWindow] = window;
    if (isBefore(words[own + SIDE_NUMBER.end] ?? 0, end)) {
      words[own + SIDE_NUMBER.end] = end;
      flags |= SIDE_BIT.unacknowledged;
    }
    if ((flags & SIDE_BIT.maxAckSet) === 0 || isBefore(words[own + SIDE_NUMBER.maxAck] ?? 0, ack)) {
      words[own + SIDE_NUMBER.maxAck] = ack;
      flags |= SIDE_BIT.maxAckSet;
    }
    words[ownFlags] = flags;
    const maxEnd = words[own + SIDE_NUMBER.maxEnd] ?? 0;
    if (isBefore(maxEnd, end)) {
      words[peer + SIDE_NUMBER.maxWindow] = (words[peer + SIDE_NUMBER.maxWindow] ?? 0) + (end - maxEnd);
    }
    if (isBefore((words[peer + SIDE_NUMBER.maxEnd] ?? 0) - 1, ack + window)) {
      words[peer + SIDE_NUMBER.maxEnd] = ack + window + (window === 0 ? 1 : 0);
    }
    if (ack === (words[peer + SIDE_NUMBER.end] ?? 0)) {
      words[peerFlags] = (words[peerFlags] ?? 0) & ~SIDE_BIT.unacknowledged;
    }
    this.#countRetransmission(start, isReply, segment, end, window);
  }

  #countRetransmission(start: number, isReply: boolean, segment: TcpSegment, end: number, scaled: number): void {
    const { words } = this.columns;
    const seq = segment.seq | 0;
    const ack = segment.ack | 0;
    const window = this.#lastWindowUnscaled ? segment.window : scaled;
    const wasReply = ((words[start + TCP_WORD.flags] ?? 0) & TRACKING_BIT.lastIsReply) !== 0;
    const isAgain =
      wasReply === isReply &&
      words[start + TCP_WORD.lastSeq] === seq &&
      words[start + TCP_WORD.lastAck] === ack &&
      words[start + TCP_WORD.lastEnd] === end &&
      (words[start + TCP_WORD.lastWindow] ?? 0) >>> 0 === window;
    if (isAgain) {
      words[start + TCP_WORD.retransmissions] = (words[start + TCP_WORD.retransmissions] ?? 0) + 1;
      return;
    }
    words[start + TCP_WORD.lastSeq] = seq;
    words[start + TCP_WORD.lastAck] = ack;
    words[start + TCP_WORD.lastEnd] = end;
    words[start + TCP_WORD.lastWindow] = window & 0xffff;
    words[start + TCP_WORD.retransmissions] = 0;
  }
}

/** Numbers of 32 bits, signed or not, by the sign of their difference: RFC 1982. */
export function isBefore(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}
