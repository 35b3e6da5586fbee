/**
 * What nearly all entries have, in a row of the table's columns of numbers.
 *
 * @kernel include/net/netfilter/nf_conntrack.h:nf_conn
 */
import { familyOf } from '../net/address';
import { type EntryColumns, IS_IPV6, keyRest, PROTOCOL_BITS, ROW_TIMES, ROW_WORDS, TIME, WORD } from './columns';
import type { TcpTracking } from './tcp-tracking';
import type { Tuple } from './tuple';
import { ZONE_BY_DIRECTION, type Zone } from './zone';

/** `IPS_*` bits, spelled out. @kernel include/uapi/linux/netfilter/nf_conntrack_common.h */
export interface Status {
  expected: boolean;
  seenReply: boolean;
  assured: boolean;
  confirmed: boolean;
  /** A mapping was really applied, as `--ctstate SNAT` and `DNAT` ask. */
  srcNat: boolean;
  dstNat: boolean;
  /** The decision was taken, null bindings included: nat rules are not asked again. */
  srcNatDone: boolean;
  dstNatDone: boolean;
  dying: boolean;
  fixedTimeout: boolean;
}

/** @see Status */
export const STATUS_BIT = {
  expected: 0x1,
  seenReply: 0x2,
  assured: 0x4,
  confirmed: 0x8,
  srcNat: 0x10,
  dstNat: 0x20,
  srcNatDone: 0x40,
  dstNatDone: 0x80,
  dying: 0x100,
  fixedTimeout: 0x200,
} as const satisfies Readonly<Record<keyof Status, number>>;

export class EntryRow implements Status {
  readonly zone: Zone;
  /** The table writes it. */
  row: number;
  protected readonly columns: EntryColumns;
  readonly #tcp: TcpTracking;

  constructor(columns: EntryColumns, tcp: TcpTracking, row: number, zone: Zone) {
    this.zone = zone;
    this.row = row;
    this.columns = columns;
    this.#tcp = tcp;
  }

  get original(): Tuple {
    return this.#tuple(WORD.original);
  }
  set original(tuple: Tuple) {
    this.#setTuple(WORD.original, tuple, ZONE_BY_DIRECTION.original(this.zone));
  }

  /** What an answer must look like; NAT changes it while the entry is unconfirmed. */
  get reply(): Tuple {
    return this.#tuple(WORD.reply);
  }
  set reply(tuple: Tuple) {
    this.#setTuple(WORD.reply, tuple, ZONE_BY_DIRECTION.reply(this.zone));
  }

  /** Its bits stand in the row like the rest: of a million entries there is no million of status objects. */
  get status(): Status {
    return this;
  }

  get mark(): number {
    return this.#word(WORD.mark) >>> 0;
  }
  set mark(mark: number) {
    this.#setWord(WORD.mark, mark);
  }

  /** Seconds to live until confirmed; then the virtual time, in seconds, at which the entry expires. */
  get timeout(): number {
    return this.#time(TIME.timeout);
  }
  set timeout(seconds: number) {
    this.#setTime(TIME.timeout, seconds);
  }

  /** Virtual time in seconds at which the first packet was seen. */
  get createdAt(): number {
    return this.#time(TIME.createdAt);
  }
  set createdAt(time: number) {
    this.#setTime(TIME.createdAt, time);
  }

  /** UDP is a stream, and lives longer, once it is still talked to after this virtual time in seconds. */
  get streamAfter(): number {
    return this.#time(TIME.streamAfter);
  }
  set streamAfter(time: number) {
    this.#setTime(TIME.streamAfter, time);
  }

  /** Undefined where no segment was seen. Shared by all entries: not to be kept. */
  get tcp(): TcpTracking | undefined {
    this.#tcp.pointAt(this.row);
    return this.#tcp.begun ? this.#tcp : undefined;
  }

  /** Window tracking begins anew. */
  beginTcp(): TcpTracking {
    this.#tcp.pointAt(this.row);
    this.#tcp.begin();
    return this.#tcp;
  }

  get expected(): boolean {
    return this.#has(STATUS_BIT.expected);
  }
  set expected(on: boolean) {
    this.#put(STATUS_BIT.expected, on);
  }

  get seenReply(): boolean {
    return this.#has(STATUS_BIT.seenReply);
  }
  set seenReply(on: boolean) {
    this.#put(STATUS_BIT.seenReply, on);
  }

  get assured(): boolean {
    return this.#has(STATUS_BIT.assured);
  }
  set assured(on: boolean) {
    this.#put(STATUS_BIT.assured, on);
  }

  get confirmed(): boolean {
    return this.#has(STATUS_BIT.confirmed);
  }
  set confirmed(on: boolean) {
    this.#put(STATUS_BIT.confirmed, on);
  }

  get srcNat(): boolean {
    return this.#has(STATUS_BIT.srcNat);
  }
  set srcNat(on: boolean) {
    this.#put(STATUS_BIT.srcNat, on);
  }

  get dstNat(): boolean {
    return this.#has(STATUS_BIT.dstNat);
  }
  set dstNat(on: boolean) {
    this.#put(STATUS_BIT.dstNat, on);
  }

  get srcNatDone(): boolean {
    return this.#has(STATUS_BIT.srcNatDone);
  }
  set srcNatDone(on: boolean) {
    this.#put(STATUS_BIT.srcNatDone, on);
  }

  get dstNatDone(): boolean {
    return this.#has(STATUS_BIT.dstNatDone);
  }
  set dstNatDone(on: boolean) {
    this.#put(STATUS_BIT.dstNatDone, on);
  }

  get dying(): boolean {
    return this.#has(STATUS_BIT.dying);
  }
  set dying(on: boolean) {
    this.#put(STATUS_BIT.dying, on);
  }

  get fixedTimeout(): boolean {
    return this.#has(STATUS_BIT.fixedTimeout);
  }
  set fixedTimeout(on: boolean) {
    this.#put(STATUS_BIT.fixedTimeout, on);
  }

  #tuple(at: number): Tuple {
    const { words, addresses } = this.columns;
    const start = this.row * ROW_WORDS + at;
    const rest = words[start + 3] ?? 0;
    const isIpv6 = (rest & IS_IPV6) !== 0;
    const ports = words[start + 2] ?? 0;
    return {
      src: addresses.text(words[start] ?? 0, isIpv6),
      dst: addresses.text(words[start + 1] ?? 0, isIpv6),
      protocol: rest & PROTOCOL_BITS,
      sport: ports >>> 16,
      dport: ports & 0xffff,
    };
  }

  #setTuple(at: number, { src, dst, protocol, sport, dport }: Tuple, zoneId: number): void {
    const { words, addresses } = this.columns;
    const start = this.row * ROW_WORDS + at;
    words[start] = addresses.word(src);
    words[start + 1] = addresses.word(dst);
    words[start + 2] = (sport << 16) | (dport & 0xffff);
    words[start + 3] = keyRest(protocol, familyOf(src) === 'ipv6', zoneId);
  }

  #word(at: number): number {
    return this.columns.words[this.row * ROW_WORDS + at] ?? 0;
  }

  #setWord(at: number, word: number): void {
    this.columns.words[this.row * ROW_WORDS + at] = word;
  }

  #time(at: number): number {
    return this.columns.times[this.row * ROW_TIMES + at] ?? 0;
  }

  #setTime(at: number, time: number): void {
    this.columns.times[this.row * ROW_TIMES + at] = time;
  }

  #has(bit: number): boolean {
    return (this.#word(WORD.status) & bit) !== 0;
  }

  #put(bit: number, on: boolean): void {
    const bits = this.#word(WORD.status);
    this.#setWord(WORD.status, on ? bits | bit : bits & ~bit);
  }
}
