/**
 * The conntrack table: confirmed entries, found by either of their tuples.
 *
 * @kernel net/netfilter/nf_conntrack_core.c
 */
import { type Entry, ZONE_BY_DIRECTION } from './entry';
import { type Direction, sameTuple, type Tuple, tupleKey } from './tuple';

export interface Found {
  readonly entry: Entry;
  readonly direction: Direction;
}

export class ConntrackTable {
  readonly #byTuple = new Map<string, Found>();
  readonly #entries = new Set<Entry>();
  #nextId = 1;

  nextId(): number {
    return this.#nextId++;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** In order of confirmation. */
  entries(): IterableIterator<Entry> {
    return this.#entries.values();
  }

  /** The entry with this tuple in a zone, unless it expired. @kernel nf_conntrack_core.c:____nf_conntrack_find */
  find(tuple: Tuple, zoneId: number, now: number): Found | undefined {
    const found = this.#byTuple.get(keyIn(zoneId, tuple));
    if (found === undefined) return undefined;
    if (found.entry.timeout > now) return found;
    this.remove(found.entry);
    return undefined;
  }

  /** Whether an entry other than `entry` already answers to this reply tuple. @kernel …:nf_conntrack_tuple_taken */
  isTaken(reply: Tuple, entry: Entry, now: number): boolean {
    const found = this.find(reply, ZONE_BY_DIRECTION.reply(entry.zone), now);
    return found !== undefined && found.entry !== entry && !sameTuple(found.entry.original, entry.original);
  }

  /** @returns the entry that stands in the way, or undefined once `entry` is in. @kernel …:__nf_conntrack_confirm */
  insert(entry: Entry, now: number): Found | undefined {
    const clash =
      this.find(entry.original, ZONE_BY_DIRECTION.original(entry.zone), now) ??
      this.find(entry.reply, ZONE_BY_DIRECTION.reply(entry.zone), now);
    if (clash) return clash;
    entry.status.confirmed = true;
    entry.timeout += now;
    this.#entries.add(entry);
    this.#index(entry, 'original', entry.original);
    this.#index(entry, 'reply', entry.reply);
    return undefined;
  }

  remove(entry: Entry): void {
    entry.status.dying = true;
    if (!this.#entries.delete(entry)) return;
    this.#byTuple.delete(keyIn(ZONE_BY_DIRECTION.original(entry.zone), entry.original));
    this.#byTuple.delete(keyIn(ZONE_BY_DIRECTION.reply(entry.zone), entry.reply));
  }

  removeExpired(now: number): void {
    for (const entry of this.#entries) if (entry.timeout <= now) this.remove(entry);
  }

  #index(entry: Entry, direction: Direction, tuple: Tuple): void {
    this.#byTuple.set(keyIn(ZONE_BY_DIRECTION[direction](entry.zone), tuple), { entry, direction });
  }
}

function keyIn(zoneId: number, tuple: Tuple): string {
  return `${zoneId} ${tupleKey(tuple)}`;
}
