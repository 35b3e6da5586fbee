/**
 * What conntrack knows of a TCP connection (`struct ip_ct_tcp`), in a row of the table. There is one such object for
 * all entries, which {@link Entry.tcp} points at the one that asks: nobody keeps it while another entry is looked at.
 */
import { type EntryColumns, ROW_WORDS, WORD } from './columns';
import { TcpSide } from './tcp-side';
import { TCP_FLAG_SETS, TCP_STATES, type TcpFlagSet, type TcpState } from './tcp-states';
import type { Direction } from './tuple';

/** Words of the row. */
export const TCP_WORD = {
  flags: WORD.tcp,
  originalFlags: WORD.tcp + 1,
  replyFlags: WORD.tcp + 2,
  originalNumbers: WORD.tcp + 3,
  replyNumbers: WORD.tcp + 7,
  lastSeq: WORD.tcp + 11,
  lastAck: WORD.tcp + 12,
  lastEnd: WORD.tcp + 13,
  lastWindow: WORD.tcp + 14,
  retransmissions: WORD.tcp + 15,
} as const;

export const STATE = { shift: 0, mask: 0xf } as const;
export const LAST_FLAG_SET = { shift: 4, mask: 0x7 } as const;
const IGNORED_SCALE = { shift: 8, mask: 0xff } as const;
export const TRACKING_BIT = {
  begun: 0x10000,
  lastIsReply: 0x20000,
  expectChallengeAck: 0x40000,
  simultaneousOpen: 0x80000,
  ignoredHasScale: 0x100000,
  ignoredSack: 0x200000,
} as const;

interface Field {
  readonly shift: number;
  readonly mask: number;
}

export class TcpTracking {
  readonly seen: Readonly<Record<Direction, TcpSide>>;
  readonly #columns: EntryColumns;
  #row = 0;

  constructor(columns: EntryColumns) {
    this.#columns = columns;
    this.seen = {
      original: new TcpSide(columns, TCP_WORD.originalFlags, TCP_WORD.originalNumbers),
      reply: new TcpSide(columns, TCP_WORD.replyFlags, TCP_WORD.replyNumbers),
    };
  }

  /** Quicker than `seen[direction]`, which looks a name up. */
  side(direction: Direction): TcpSide {
    return direction === 'original' ? this.seen.original : this.seen.reply;
  }

  pointAt(row: number): void {
    this.#row = row;
    this.seen.original.row = row;
    this.seen.reply.row = row;
  }

  /** Whether anything is known at all. */
  get begun(): boolean {
    return this.#has(TRACKING_BIT.begun);
  }

  /** Nothing seen yet. */
  begin(): void {
    if (this.begun) this.#clear();
    this.#put(TRACKING_BIT.begun, true);
    this.lastFlagSet = 'none';
  }

  #clear(): void {
    const { words } = this.#columns;
    const end = (this.#row + 1) * ROW_WORDS;
    for (let at = this.#row * ROW_WORDS + WORD.tcp; at < end; at += 1) words[at] = 0;
  }

  get state(): TcpState {
    return TCP_STATES[this.#field(STATE)] ?? 'NONE';
  }
  set state(state: TcpState) {
    this.#setField(STATE, TCP_STATES.indexOf(state));
  }

  get lastDirection(): Direction {
    return this.#has(TRACKING_BIT.lastIsReply) ? 'reply' : 'original';
  }
  set lastDirection(direction: Direction) {
    this.#put(TRACKING_BIT.lastIsReply, direction === 'reply');
  }

  get lastFlagSet(): TcpFlagSet {
    return TCP_FLAG_SETS[this.#field(LAST_FLAG_SET)] ?? 'none';
  }
  set lastFlagSet(flagSet: TcpFlagSet) {
    this.#setField(LAST_FLAG_SET, TCP_FLAG_SETS.indexOf(flagSet));
  }

  get lastSeq(): number {
    return this.#number(TCP_WORD.lastSeq);
  }
  set lastSeq(number: number) {
    this.#setNumber(TCP_WORD.lastSeq, number);
  }

  get lastAck(): number {
    return this.#number(TCP_WORD.lastAck);
  }
  set lastAck(number: number) {
    this.#setNumber(TCP_WORD.lastAck, number);
  }

  get lastEnd(): number {
    return this.#number(TCP_WORD.lastEnd);
  }
  set lastEnd(number: number) {
    this.#setNumber(TCP_WORD.lastEnd, number);
  }

  get lastWindow(): number {
    return this.#number(TCP_WORD.lastWindow);
  }
  set lastWindow(number: number) {
    this.#setNumber(TCP_WORD.lastWindow, number);
  }

  get retransmissions(): number {
    return this.#number(TCP_WORD.retransmissions);
  }
  set retransmissions(number: number) {
    this.#setNumber(TCP_WORD.retransmissions, number);
  }

  /** Options of the last SYN that was let through inside a connection. */
  get ignored(): { readonly windowScale: number | undefined; readonly sackPermitted: boolean } {
    const windowScale = this.#has(TRACKING_BIT.ignoredHasScale) ? this.#field(IGNORED_SCALE) : undefined;
    return { windowScale, sackPermitted: this.#has(TRACKING_BIT.ignoredSack) };
  }
  set ignored({ windowScale, sackPermitted }) {
    this.#put(TRACKING_BIT.ignoredHasScale, windowScale !== undefined);
    this.#setField(IGNORED_SCALE, windowScale ?? 0);
    this.#put(TRACKING_BIT.ignoredSack, sackPermitted);
  }

  /** In LAST_ACK a SYN was let through: the challenge ACK that answers it does not acknowledge the last FIN. */
  get expectChallengeAck(): boolean {
    return this.#has(TRACKING_BIT.expectChallengeAck);
  }
  set expectChallengeAck(on: boolean) {
    this.#put(TRACKING_BIT.expectChallengeAck, on);
  }

  get simultaneousOpen(): boolean {
    return this.#has(TRACKING_BIT.simultaneousOpen);
  }
  set simultaneousOpen(on: boolean) {
    this.#put(TRACKING_BIT.simultaneousOpen, on);
  }

  #number(which: number): number {
    return (this.#columns.words[this.#row * ROW_WORDS + which] ?? 0) >>> 0;
  }

  #setNumber(which: number, number: number): void {
    this.#columns.words[this.#row * ROW_WORDS + which] = number;
  }

  #field({ shift, mask }: Field): number {
    return (this.#number(TCP_WORD.flags) >>> shift) & mask;
  }

  #setField({ shift, mask }: Field, value: number): void {
    this.#setNumber(TCP_WORD.flags, (this.#number(TCP_WORD.flags) & ~(mask << shift)) | ((value & mask) << shift));
  }

  #has(bit: number): boolean {
    return (this.#number(TCP_WORD.flags) & bit) !== 0;
  }

  #put(bit: number, on: boolean): void {
    const bits = this.#number(TCP_WORD.flags);
    this.#setNumber(TCP_WORD.flags, on ? bits | bit : bits & ~bit);
  }
}
