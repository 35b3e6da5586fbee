/**
 * How nearly every connection begins: a SYN of which nothing is known, and the SYN,ACK that answers it, both without
 * options. Their tracking is that of tcp.ts and tcp-window.ts with everything left out that cannot happen to them, on
 * the numbers of the row, as in predicted-segment.ts.
 *
 * @see test/compiled.test.ts, which holds it to the tracker
 */
import { TCP_FLAG, type TcpSegment } from '../net/packet';
import { type EntryColumns, ROW_TIMES, ROW_WORDS, TIME, WORD } from './columns';
import { STATUS_BIT } from './entry-row';
import { IRRELEVANT_FLAGS, isBefore, STATE_BITS } from './predicted-segment';
import { PredictedTimeout } from './predicted-timeout';
import type { Settings } from './settings';
import { SIDE_BIT, SIDE_NUMBER, SIDE_SCALE_BITS } from './tcp-side';
import { TCP_FLAG_SETS, TCP_STATES, tcpTransition } from './tcp-states';
import { LAST_FLAG_SET, STATE, TCP_WORD, TRACKING_BIT } from './tcp-tracking';
import { MAX_ACK_WINDOW } from './tcp-window';
import { tcpStateTimeout } from './timeouts';

const SYN_SENT = TCP_STATES.indexOf('SYN_SENT') << STATE.shift;
const SYN_RECV = TCP_STATES.indexOf('SYN_RECV') << STATE.shift;
const AFTER_SYN = TRACKING_BIT.begun | SYN_SENT | (TCP_FLAG_SETS.indexOf('syn') << LAST_FLAG_SET.shift);
const CHANGED_BITS = STATE_BITS | (LAST_FLAG_SET.mask << LAST_FLAG_SET.shift);
const AFTER_SYN_ACK = SYN_RECV | (TCP_FLAG_SETS.indexOf('synack') << LAST_FLAG_SET.shift) | TRACKING_BIT.lastIsReply;

/** Confirmed, not answered, alive, and its timeout is not fixed. */
const STATUS_ASKED = STATUS_BIT.confirmed | STATUS_BIT.seenReply | STATUS_BIT.dying | STATUS_BIT.fixedTimeout;
const STATUS_WANTED = STATUS_BIT.confirmed;

export class HandshakePrediction {
  readonly #timeout: PredictedTimeout;
  readonly #synSent: number;
  readonly #synReceived: number;
  /** In every release that is known; a table that says otherwise is the tracker's to read. */
  readonly #isUsual: boolean;

  constructor(
    readonly columns: EntryColumns,
    settings: Settings,
  ) {
    const { sysctl, kernel } = settings;
    this.#timeout = new PredictedTimeout(columns, settings);
    this.#synSent = tcpStateTimeout(sysctl, 'SYN_SENT');
    this.#synReceived = tcpStateTimeout(sysctl, 'SYN_RECV');
    this.#isUsual =
      tcpTransition('original', 'syn', 'NONE', kernel) === 'SYN_SENT' &&
      tcpTransition('reply', 'synack', 'SYN_SENT', kernel) === 'SYN_RECV';
  }

  /** @param segment without options */
  isOpening(segment: TcpSegment): boolean {
    return (segment.flags & ~IRRELEVANT_FLAGS) === TCP_FLAG.S && this.#isUsual;
  }

  /** Tracks an opening segment in a row of its own, which is unconfirmed. */
  open(row: number, { seq, dataLength, window }: TcpSegment): void {
    const { words, times } = this.columns;
    const start = row * ROW_WORDS;
    const client = start + TCP_WORD.originalNumbers;
    words[start + TCP_WORD.flags] = AFTER_SYN;
    words[client + SIDE_NUMBER.end] = words[client + SIDE_NUMBER.maxEnd] = seq + dataLength + 1;
    words[client + SIDE_NUMBER.maxWindow] = window || 1;
    words[start + TCP_WORD.replyNumbers + SIDE_NUMBER.maxEnd] = window || 1;
    times[row * ROW_TIMES + TIME.timeout] = this.#timeout.of(row, this.#synSent);
  }

  /**
   * @param segment without options
   * @returns whether it was the first answer to a SYN, and is tracked; else nothing has changed
   */
  answer(row: number, isReply: boolean, segment: TcpSegment, now: number): boolean {
    const { words, times } = this.columns;
    const start = row * ROW_WORDS;
    const tracking = words[start + TCP_WORD.flags] ?? 0;
    const status = words[start + WORD.status] ?? 0;
    if ((segment.flags & ~IRRELEVANT_FLAGS) !== (TCP_FLAG.S | TCP_FLAG.A) || !isReply || !this.#isUsual) return false;
    if ((tracking & STATE_BITS) !== SYN_SENT || (status & STATUS_ASKED) !== STATUS_WANTED) return false;

    const server = start + TCP_WORD.replyNumbers;
    const client = start + TCP_WORD.originalNumbers;
    const clientEnd = words[client + SIDE_NUMBER.end] ?? 0;
    const ack = segment.ack | 0;
    const window = segment.window || 1;
    if (words[server + SIDE_NUMBER.maxWindow] !== 0 || words[client + SIDE_NUMBER.maxWindow] === 0) return false;
    if (!isBefore(ack, clientEnd + 1)) return false;
    if (!isBefore(clientEnd - Math.max(window, MAX_ACK_WINDOW) - 1, ack)) return false;

    words[server + SIDE_NUMBER.end] = words[server + SIDE_NUMBER.maxEnd] = segment.seq + segment.dataLength + 1;
    words[server + SIDE_NUMBER.maxWindow] = window;
    words[server + SIDE_NUMBER.maxAck] = ack;
    // Neither side scales its windows, since this one does not (RFC 7323 §1.3).
    const serverFlags = words[start + TCP_WORD.replyFlags] ?? 0;
    words[start + TCP_WORD.replyFlags] = (serverFlags & ~SIDE_SCALE_BITS) | SIDE_BIT.maxAckSet;
    const acknowledged = ack === clientEnd ? SIDE_BIT.unacknowledged : 0;
    words[start + TCP_WORD.originalFlags] =
      (words[start + TCP_WORD.originalFlags] ?? 0) & ~SIDE_SCALE_BITS & ~acknowledged;
    if (isBefore((words[client + SIDE_NUMBER.maxEnd] ?? 0) - 1, ack + segment.window)) {
      words[client + SIDE_NUMBER.maxEnd] = ack + window;
    }
    words[start + TCP_WORD.flags] = (tracking & ~CHANGED_BITS) | AFTER_SYN_ACK;
    words[start + WORD.status] = status | STATUS_BIT.seenReply;
    times[row * ROW_TIMES + TIME.timeout] = now + this.#timeout.of(row, this.#synReceived);
    return true;
  }
}
