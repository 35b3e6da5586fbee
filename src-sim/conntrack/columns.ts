/**
 * Where entries live: rows of numbers, so that a million connections are a few arrays, which no garbage collector looks
 * through. {@link Entry} reads and writes a row as an object.
 */
import { AddressWords } from './address-words';

/** 32-bit words of a row: half of them are TCP's. */
export const ROW_WORDS = 32;
/** What stands in which word of a row. */
export const WORD = {
  /** Four words: source, destination, `sport << 16 | dport`, and {@link keyRest}. */
  original: 0,
  /** Four words, alike. */
  reply: 4,
  status: 8,
  mark: 9,
  /** Two words: the rows behind this one in the chains of the tuple index, by each of its tuples. */
  nextByTuple: 10,
  nextBySource: 12,
  /** Neighbours in the list of all entries. */
  before: 13,
  after: 14,
  /** Where the queue of deadlines holds it. */
  queuePlace: 15,
  tcp: 16,
} as const;

export const ROW_TIMES = 4;
/** Virtual times in seconds. */
export const TIME = { timeout: 0, createdAt: 1, dueAt: 2, streamAfter: 3 } as const;

/** Most simulations are of a few packets. */
const FIRST_ROWS = 32;
/** In place of {@link WORD.queuePlace}: the row is nobody's. */
const FREE = -2;
/** Of what is not used yet the system gives no memory. */
const GROWTH = 8;

export class EntryColumns {
  readonly addresses = new AddressWords();
  words = new Int32Array(FIRST_ROWS * ROW_WORDS);
  times = new Float64Array(FIRST_ROWS * ROW_TIMES);
  readonly #free: number[] = [];
  /** Row 0 is nobody's: what is gone points there. */
  #used = 1;

  /** A row of zeros. */
  takeRow(): number {
    const row = this.#free.pop() ?? this.#used++;
    if (row * ROW_WORDS >= this.words.length) this.#grow();
    this.words[row * ROW_WORDS + WORD.queuePlace] = -1;
    return row;
  }

  freeRow(row: number): void {
    for (let at = row * ROW_WORDS; at < (row + 1) * ROW_WORDS; at += 1) this.words[at] = 0;
    for (let at = row * ROW_TIMES; at < (row + 1) * ROW_TIMES; at += 1) this.times[at] = 0;
    this.words[row * ROW_WORDS + WORD.queuePlace] = FREE;
    this.#free.push(row);
  }

  isFree(row: number): boolean {
    return this.words[row * ROW_WORDS + WORD.queuePlace] === FREE;
  }

  #grow(): void {
    const words = new Int32Array(GROWTH * this.words.length);
    words.set(this.words);
    this.words = words;
    const times = new Float64Array(GROWTH * this.times.length);
    times.set(this.times);
    this.times = times;
  }
}

/** The fourth word of a tuple: what of it is neither address nor port, and the zone that counts in its direction. */
export function keyRest(protocol: number, isIpv6: boolean, zoneId: number): number {
  return (zoneId << 16) | (isIpv6 ? IS_IPV6 : 0) | protocol;
}

export const IS_IPV6 = 0x100;
export const PROTOCOL_BITS = 0xff;
