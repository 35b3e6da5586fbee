/**
 * The conntrack table: confirmed entries, found by either of their tuples, gone when their time is over.
 *
 * @kernel net/netfilter/nf_conntrack_core.c
 */
import { Deadlines } from '../host/deadlines';
import { familyOf } from '../net/address';
import type { Node } from './chains';
import { EntryColumns, keyRest, ROW_TIMES, ROW_WORDS, TIME, WORD } from './columns';
import { Entry } from './entry';
import { STATUS_BIT } from './entry-row';
import { Expectations } from './expectation';
import { TcpTracking } from './tcp-tracking';
import { type Direction, sameTuple, type Tuple } from './tuple';
import { type Source, SourceIndex, TupleIndex } from './tuple-index';
import { DEFAULT_ZONE, hasTwoIds, ZONE_BY_DIRECTION, type Zone } from './zone';

export interface Found {
  readonly entry: Entry;
  readonly direction: Direction;
}

export class ConntrackTable {
  readonly expectations = new Expectations();
  readonly columns = new EntryColumns();
  readonly #tcp = new TcpTracking(this.columns);
  /** By their rows; a row of {@link openRow} gets its object when somebody asks for it. */
  readonly #entries: (Entry | undefined)[] = [undefined];
  readonly #byTuple = new TupleIndex(this.columns);
  readonly #bySource = new SourceIndex(this.columns);
  /** An entry waits here until its timeout, or until an earlier one that it had: then it is looked at again. */
  readonly #expiry: Deadlines<number>;
  /** Rows that were opened, or taken out, since such rows were last given back: packets may still hold them. */
  readonly #loose: number[] = [];
  #size = 0;

  constructor() {
    const { columns } = this;
    this.#expiry = new Deadlines({
      of: (row) => columns.words[row * ROW_WORDS + WORD.queuePlace] ?? 0,
      put(row, place) {
        columns.words[row * ROW_WORDS + WORD.queuePlace] = place;
      },
    });
  }

  /** An entry about which nothing is known but its tuples: unconfirmed, its timeout still to be set. */
  open(original: Tuple, reply: Tuple, zone: Zone, now: number): Entry {
    const entry = this.#open(zone, now);
    entry.original = original;
    entry.reply = reply;
    return entry;
  }

  /** {@link open} of a flow with ports whose addresses nobody rewrites, in the default zone. */
  openFlow(src: number, dst: number, ports: number, rest: number, now: number): Entry {
    return this.#materialise(this.openRow(src, dst, ports, rest, now), DEFAULT_ZONE);
  }

  /** {@link openFlow}, of which nothing is wanted yet but its row. */
  openRow(src: number, dst: number, ports: number, rest: number, now: number): number {
    const row = this.#takeRow(now);
    const { words } = this.columns;
    const at = row * ROW_WORDS;
    words[at + WORD.original] = words[at + WORD.reply + 1] = src;
    words[at + WORD.original + 1] = words[at + WORD.reply] = dst;
    words[at + WORD.original + 2] = ports;
    words[at + WORD.reply + 2] = (ports << 16) | (ports >>> 16);
    words[at + WORD.original + 3] = words[at + WORD.reply + 3] = rest;
    return row;
  }

  #open(zone: Zone, now: number): Entry {
    return this.#materialise(this.#takeRow(now), zone);
  }

  #takeRow(now: number): number {
    const row = this.columns.takeRow();
    this.#entries[row] = undefined;
    this.#loose.push(row);
    this.columns.times[row * ROW_TIMES + TIME.createdAt] = now;
    return row;
  }

  #materialise(row: number, zone: Zone): Entry {
    const entry = new Entry(this.columns, this.#tcp, row, zone);
    this.#entries[row] = entry;
    return entry;
  }

  get size(): number {
    return this.#size;
  }

  /** In order of confirmation. */
  *entries(): IterableIterator<Entry> {
    let entry = this.entryAt(this.#listed(0, WORD.after));
    while (entry !== undefined) {
      const next = this.entryAt(this.#listed(entry.row, WORD.after));
      yield entry;
      entry = next;
    }
  }

  /**
   * The entry with this tuple in a zone, unless it expired.
   *
   * @param direction only of this direction: where a zone counts in one, tuples of the other are in another zone
   * @kernel nf_conntrack_core.c:____nf_conntrack_find, nf_ct_key_equal
   */
  find(tuple: Tuple, zoneId: number, now: number, direction?: Direction): Found | undefined {
    const { src, dst, protocol, sport, dport } = tuple;
    const { addresses } = this.columns;
    const rest = keyRest(protocol, familyOf(src) === 'ipv6', zoneId);
    const ports = (sport << 16) | (dport & 0xffff);
    return this.foundAt(this.findNode(addresses.word(src), addresses.word(dst), ports, rest, now, sideOf(direction)));
  }

  /** {@link find} in numbers. @param src, dst, ports, rest the tuple's key, as {@link WORD.original} has it */
  findNode(src: number, dst: number, ports: number, rest: number, now: number, side?: number): Node {
    const node = this.#byTuple.find(src, dst, ports, rest, side);
    if (node === 0 || (this.columns.times[(node >>> 1) * ROW_TIMES + TIME.timeout] ?? 0) > now) return node;
    const expired = this.entryAt(node >>> 1);
    if (expired) this.remove(expired);
    return 0;
  }

  /** Of a row that is in use; 0 is nobody's. */
  entryAt(row: number): Entry | undefined {
    return row === 0 ? undefined : (this.#entries[row] ?? this.#materialise(row, DEFAULT_ZONE));
  }

  /** The entry of a row, if anybody asked for it: until then there is nothing in it but what the row says. */
  objectAt(row: number): Entry | undefined {
    return this.#entries[row];
  }

  foundAt(node: Node): Found | undefined {
    const entry = this.entryAt(node >>> 1);
    return entry && { entry, direction: (node & 1) === 0 ? 'original' : 'reply' };
  }

  /** Whether an entry other than `entry` already answers to this reply tuple. @kernel …:nf_conntrack_tuple_taken */
  isTaken(reply: Tuple, entry: Entry, now: number): boolean {
    const { zone } = entry;
    const found = this.find(reply, ZONE_BY_DIRECTION.reply(zone), now, hasTwoIds(zone) ? 'reply' : undefined);
    return found !== undefined && found.entry !== entry && !sameTuple(found.entry.original, entry.original);
  }

  /** Entries with this source for which NAT has decided on a source, the newest first. */
  withSource(source: Source): readonly Entry[] {
    return this.#bySource.of(source).flatMap((row) => this.entryAt(row) ?? []);
  }

  /** @returns the entry that stands in the way, or undefined once `entry` is in. @kernel …:__nf_conntrack_confirm */
  insert(entry: Entry, now: number): Found | undefined {
    const { row } = entry;
    const node = this.insertRow(row, now);
    return node === 0 ? undefined : this.foundAt(node);
  }

  /** {@link insert} in numbers. */
  insertRow(row: number, now: number): Node {
    const clash = this.#withTupleOf(row, WORD.original, now) || this.#withTupleOf(row, WORD.reply, now);
    if (clash !== 0) return clash;
    const { words, times } = this.columns;
    const status = (words[row * ROW_WORDS + WORD.status] ?? 0) | STATUS_BIT.confirmed;
    words[row * ROW_WORDS + WORD.status] = status;
    const timeout = (times[row * ROW_TIMES + TIME.timeout] ?? 0) + now;
    times[row * ROW_TIMES + TIME.timeout] = timeout;
    this.#size += 1;
    this.#list(row);
    this.#byTuple.add(row);
    if ((status & STATUS_BIT.srcNatDone) !== 0) this.#bySource.add(row);
    this.#setDue(row, timeout);
    return 0;
  }

  #setDue(row: number, dueAt: number): void {
    this.columns.times[row * ROW_TIMES + TIME.dueAt] = dueAt;
    this.#expiry.set(row, dueAt);
  }

  /** Until an entry is confirmed its timeout is relative. @kernel nf_conntrack_core.c:__nf_ct_refresh_acct */
  refresh(entry: Entry, timeoutSeconds: number, now: number): void {
    const { status } = entry;
    if (status.fixedTimeout) return;
    const timeout = status.confirmed ? now + timeoutSeconds : timeoutSeconds;
    entry.timeout = timeout;
    if (status.confirmed && !status.dying) this.timeoutWritten(entry.row);
  }

  /** An entry's timeout was written into its row. */
  timeoutWritten(row: number): void {
    const { times } = this.columns;
    const at = row * ROW_TIMES;
    const timeout = times[at + TIME.timeout] ?? 0;
    if (timeout < (times[at + TIME.dueAt] ?? 0)) this.#setDue(row, timeout);
  }

  remove(entry: Entry): void {
    const { status, row } = entry;
    const isIn = status.confirmed && !status.dying;
    status.dying = true;
    if (this.expectations.size > 0) this.expectations.removeOf(entry);
    if (!isIn) return;
    this.#size -= 1;
    this.#unlist(row);
    this.#byTuple.delete(row);
    if (status.srcNatDone) this.#bySource.delete(row);
    this.#expiry.delete(row);
    this.#loose.push(row);
  }

  /** Between two packets: whose time is over goes. Costs what falls due. */
  removeExpired(now: number): void {
    this.expectations.removeExpired(now);
    for (let row = this.#expiry.due(now); row !== undefined; row = this.#expiry.due(now)) {
      const timeout = this.columns.times[row * ROW_TIMES + TIME.timeout] ?? 0;
      const expired = timeout <= now ? this.entryAt(row) : undefined;
      if (expired) this.remove(expired);
      else this.#setDue(row, timeout);
    }
    if (this.#loose.length > 0) this.#giveRowsBack();
  }

  /** No packet is on its way: what is not in the table is nowhere. */
  #giveRowsBack(): void {
    const { columns } = this;
    for (const row of this.#loose) {
      const status = columns.words[row * ROW_WORDS + WORD.status] ?? 0;
      const isIn = (status & (STATUS_BIT.confirmed | STATUS_BIT.dying)) === STATUS_BIT.confirmed;
      const entry = this.#entries[row];
      if (isIn || entry?.isMaster || columns.isFree(row)) continue;
      this.#entries[row] = undefined;
      columns.freeRow(row);
      if (entry) entry.row = 0;
    }
    this.#loose.length = 0;
  }

  #withTupleOf(row: number, at: number, now: number): Node {
    const { words } = this.columns;
    const key = row * ROW_WORDS + at;
    const zone = this.#entries[row]?.zone ?? DEFAULT_ZONE;
    const side = hasTwoIds(zone) ? (at === WORD.original ? 0 : 1) : undefined;
    return this.findNode(words[key] ?? 0, words[key + 1] ?? 0, words[key + 2] ?? 0, words[key + 3] ?? 0, now, side);
  }

  /** The list of all entries is a ring through row 0. */
  #listed(row: number, side: number): number {
    return this.columns.words[row * ROW_WORDS + side] ?? 0;
  }

  #list(row: number): void {
    const { words } = this.columns;
    const last = this.#listed(0, WORD.before);
    words[row * ROW_WORDS + WORD.before] = last;
    words[row * ROW_WORDS + WORD.after] = 0;
    words[last * ROW_WORDS + WORD.after] = row;
    words[WORD.before] = row;
  }

  #unlist(row: number): void {
    const { words } = this.columns;
    const before = this.#listed(row, WORD.before);
    const after = this.#listed(row, WORD.after);
    words[before * ROW_WORDS + WORD.after] = after;
    words[after * ROW_WORDS + WORD.before] = before;
  }
}

function sideOf(direction: Direction | undefined): number | undefined {
  return direction === undefined ? undefined : direction === 'original' ? 0 : 1;
}
