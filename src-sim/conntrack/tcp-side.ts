/** What one side of a TCP connection has shown so far (`struct ip_ct_tcp_state`), in a row of the table. */
import { type EntryColumns, ROW_WORDS } from './columns';

/** Words of a row: the flags of this side, then four numbers. */
export const SIDE_NUMBER = { end: 0, maxEnd: 1, maxWindow: 2, maxAck: 3 } as const;
export const SIDE_SCALE_BITS = 0xff;
export const SIDE_BIT = {
  windowScale: 0x100,
  sackPermitted: 0x200,
  liberal: 0x400,
  closeInitiated: 0x800,
  maxAckSet: 0x1000,
  unacknowledged: 0x2000,
} as const;

export class TcpSide {
  /** The row that it stands for now. */
  row = 0;
  readonly #columns: EntryColumns;
  readonly #flags: number;
  readonly #numbers: number;

  /** @param flags, numbers which words of the row are this side's */
  constructor(columns: EntryColumns, flags: number, numbers: number) {
    this.#columns = columns;
    this.#flags = flags;
    this.#numbers = numbers;
  }

  /** As if nothing had been seen of it. */
  clear(): void {
    this.end = this.maxEnd = this.maxWindow = this.maxAck = 0;
    this.#columns.words[this.row * ROW_WORDS + this.#flags] = 0;
  }

  /** Highest sequence number sent, data included. */
  get end(): number {
    return this.#number(SIDE_NUMBER.end);
  }
  set end(number: number) {
    this.#setNumber(SIDE_NUMBER.end, number);
  }

  /** Highest that the peer's window allows it to send. */
  get maxEnd(): number {
    return this.#number(SIDE_NUMBER.maxEnd);
  }
  set maxEnd(number: number) {
    this.#setNumber(SIDE_NUMBER.maxEnd, number);
  }

  /** Largest window it offered, scaled; 0: nothing seen of it yet. */
  get maxWindow(): number {
    return this.#number(SIDE_NUMBER.maxWindow);
  }
  set maxWindow(number: number) {
    this.#setNumber(SIDE_NUMBER.maxWindow, number);
  }

  /** Highest acknowledgement it sent. */
  get maxAck(): number {
    return this.#number(SIDE_NUMBER.maxAck);
  }
  set maxAck(number: number) {
    this.#setNumber(SIDE_NUMBER.maxAck, number);
  }

  get scale(): number {
    return this.#bits() & SIDE_SCALE_BITS;
  }
  set scale(scale: number) {
    const at = this.row * ROW_WORDS + this.#flags;
    this.#columns.words[at] = (this.#bits() & ~SIDE_SCALE_BITS) | (scale & SIDE_SCALE_BITS);
  }

  get windowScale(): boolean {
    return this.#has(SIDE_BIT.windowScale);
  }
  set windowScale(on: boolean) {
    this.#put(SIDE_BIT.windowScale, on);
  }

  get sackPermitted(): boolean {
    return this.#has(SIDE_BIT.sackPermitted);
  }
  set sackPermitted(on: boolean) {
    this.#put(SIDE_BIT.sackPermitted, on);
  }

  get liberal(): boolean {
    return this.#has(SIDE_BIT.liberal);
  }
  set liberal(on: boolean) {
    this.#put(SIDE_BIT.liberal, on);
  }

  get closeInitiated(): boolean {
    return this.#has(SIDE_BIT.closeInitiated);
  }
  set closeInitiated(on: boolean) {
    this.#put(SIDE_BIT.closeInitiated, on);
  }

  get maxAckSet(): boolean {
    return this.#has(SIDE_BIT.maxAckSet);
  }
  set maxAckSet(on: boolean) {
    this.#put(SIDE_BIT.maxAckSet, on);
  }

  get unacknowledged(): boolean {
    return this.#has(SIDE_BIT.unacknowledged);
  }
  set unacknowledged(on: boolean) {
    this.#put(SIDE_BIT.unacknowledged, on);
  }

  #number(which: number): number {
    return (this.#columns.words[this.row * ROW_WORDS + this.#numbers + which] ?? 0) >>> 0;
  }

  #setNumber(which: number, number: number): void {
    this.#columns.words[this.row * ROW_WORDS + this.#numbers + which] = number;
  }

  #bits(): number {
    return this.#columns.words[this.row * ROW_WORDS + this.#flags] ?? 0;
  }

  #has(bit: number): boolean {
    return (this.#bits() & bit) !== 0;
  }

  #put(bit: number, on: boolean): void {
    const bits = this.#bits();
    this.#columns.words[this.row * ROW_WORDS + this.#flags] = on ? bits | bit : bits & ~bit;
  }
}
