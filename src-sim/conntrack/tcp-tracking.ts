/**
 * What conntrack knows of a TCP connection (`struct ip_ct_tcp`), in a row of the table. There is one such object for
 * all entries, which {@link Entry.tcp} points at the one that asks: nobody keeps it while another entry is looked at.
 */
import { type EntryColumns, ROW_WORDS, WORD } from './columns';
import { TcpSide } from './tcp-side';
import { TCP_FLAG_SETS, TCP_STATES, type TcpFlagSet, type TcpState } from './tcp-states';
import type { Direction } from './tuple';

/** Words of the row, from where TCP's begin. */
const AT = {
  flags: 0,
  originalFlags: 1,
  replyFlags: 2,
  originalNumbers: 3,
  replyNumbers: 7,
  lastSeq: 11,
  lastAck: 12,
  lastEnd: 13,
  lastWindow: 14,
  retransmissions: 15,
} as const;

const STATE = { shift: 0, mask: 0xf } as const;
const LAST_FLAG_SET = { shift: 4, mask: 0x7 } as const;
const IGNORED_SCALE = { shift: 8, mask: 0xff } as const;
const BIT = {
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
      original: new TcpSide(columns, AT.originalFlags, AT.originalNumbers),
      reply: new TcpSide(columns, AT.replyFlags, AT.replyNumbers),
    };
  }

  pointAt(row: number): void {
    this.#row = row;
    this.seen.original.row = row;
    this.seen.reply.row = row;
  }

  /** Whether anything is known at all. */
  get begun(): boolean {
    return this.#has(BIT.begun);
  }

  /** Nothing seen yet. */
  begin(): void {
    const start = this.#row * ROW_WORDS + WORD.tcp;
    this.#columns.words.fill(0, start, start + ROW_WORDS - WORD.tcp);
    this.#put(BIT.begun, true);
    this.lastFlagSet = 'none';
  }

  get state(): TcpState {
    return TCP_STATES[this.#field(STATE)] ?? 'NONE';
  }
  set state(state: TcpState) {
    this.#setField(STATE, TCP_STATES.indexOf(state));
  }

  get lastDirection(): Direction {
    return this.#has(BIT.lastIsReply) ? 'reply' : 'original';
  }
  set lastDirection(direction: Direction) {
    this.#put(BIT.lastIsReply, direction === 'reply');
  }

  get lastFlagSet(): TcpFlagSet {
    return TCP_FLAG_SETS[this.#field(LAST_FLAG_SET)] ?? 'none';
  }
  set lastFlagSet(flagSet: TcpFlagSet) {
    this.#setField(LAST_FLAG_SET, TCP_FLAG_SETS.indexOf(flagSet));
  }

  get lastSeq(): number {
    return this.#number(AT.lastSeq);
  }
  set lastSeq(number: number) {
    this.#setNumber(AT.lastSeq, number);
  }

  get lastAck(): number {
    return this.#number(AT.lastAck);
  }
  set lastAck(number: number) {
    this.#setNumber(AT.lastAck, number);
  }

  get lastEnd(): number {
    return this.#number(AT.lastEnd);
  }
  set lastEnd(number: number) {
    this.#setNumber(AT.lastEnd, number);
  }

  get lastWindow(): number {
    return this.#number(AT.lastWindow);
  }
  set lastWindow(number: number) {
    this.#setNumber(AT.lastWindow, number);
  }

  get retransmissions(): number {
    return this.#number(AT.retransmissions);
  }
  set retransmissions(number: number) {
    this.#setNumber(AT.retransmissions, number);
  }

  /** Options of the last SYN that was let through inside a connection. */
  get ignored(): { readonly windowScale: number | undefined; readonly sackPermitted: boolean } {
    const windowScale = this.#has(BIT.ignoredHasScale) ? this.#field(IGNORED_SCALE) : undefined;
    return { windowScale, sackPermitted: this.#has(BIT.ignoredSack) };
  }
  set ignored({ windowScale, sackPermitted }) {
    this.#put(BIT.ignoredHasScale, windowScale !== undefined);
    this.#setField(IGNORED_SCALE, windowScale ?? 0);
    this.#put(BIT.ignoredSack, sackPermitted);
  }

  /** In LAST_ACK a SYN was let through: the challenge ACK that answers it does not acknowledge the last FIN. */
  get expectChallengeAck(): boolean {
    return this.#has(BIT.expectChallengeAck);
  }
  set expectChallengeAck(on: boolean) {
    this.#put(BIT.expectChallengeAck, on);
  }

  get simultaneousOpen(): boolean {
    return this.#has(BIT.simultaneousOpen);
  }
  set simultaneousOpen(on: boolean) {
    this.#put(BIT.simultaneousOpen, on);
  }

  #number(which: number): number {
    return (this.#columns.words[this.#row * ROW_WORDS + WORD.tcp + which] ?? 0) >>> 0;
  }

  #setNumber(which: number, number: number): void {
    this.#columns.words[this.#row * ROW_WORDS + WORD.tcp + which] = number;
  }

  #field({ shift, mask }: Field): number {
    return (this.#number(AT.flags) >>> shift) & mask;
  }

  #setField({ shift, mask }: Field, value: number): void {
    this.#setNumber(AT.flags, (this.#number(AT.flags) & ~(mask << shift)) | ((value & mask) << shift));
  }

  #has(bit: number): boolean {
    return (this.#number(AT.flags) & bit) !== 0;
  }

  #put(bit: number, on: boolean): void {
    const bits = this.#number(AT.flags);
    this.#setNumber(AT.flags, on ? bits | bit : bits & ~bit);
  }
}
