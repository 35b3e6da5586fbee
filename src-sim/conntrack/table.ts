/**
 * The conntrack table: confirmed entries, found by either of their tuples, gone when their time is over.
 *
 * @kernel net/netfilter/nf_conntrack_core.c
 */
import { Deadlines } from '../host/deadlines';
import { type Entry, ZONE_BY_DIRECTION } from './entry';
import { sameTuple, type Tuple } from './tuple';
import { type Found, type Source, SourceIndex, TupleIndex } from './tuple-index';

export class ConntrackTable {
  readonly #entries = new Set<Entry>();
  readonly #byTuple = new TupleIndex();
  readonly #bySource = new SourceIndex();
  /** An entry waits here until its timeout, or until an earlier one that it had: then it is looked at again. */
  readonly #expiry = new Deadlines<Entry>();
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
    const found = this.#byTuple.find(tuple, zoneId);
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

  /** Entries with this source for which NAT has decided on a source, the newest first. */
  withSource(source: Source): readonly Entry[] {
    return this.#bySource.of(source);
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
    this.#byTuple.add(entry);
    if (entry.status.srcNatDone) this.#bySource.add(entry);
    this.#expiry.set(entry, entry.timeout);
    return undefined;
  }

  /** Until an entry is confirmed its timeout is relative. @kernel nf_conntrack_core.c:__nf_ct_refresh_acct */
  refresh(entry: Entry, timeoutSeconds: number, now: number): void {
    if (entry.status.fixedTimeout) return;
    entry.timeout = entry.status.confirmed ? now + timeoutSeconds : timeoutSeconds;
    if (entry.status.confirmed && entry.timeout < entry.dueAt && !entry.status.dying) {
      this.#expiry.set(entry, entry.timeout);
    }
  }

  remove(entry: Entry): void {
    entry.status.dying = true;
    if (!this.#entries.delete(entry)) return;
    this.#byTuple.delete(entry);
    if (entry.status.srcNatDone) this.#bySource.delete(entry);
    this.#expiry.delete(entry);
  }

  /** Costs what falls due. */
  removeExpired(now: number): void {
    for (let entry = this.#expiry.first(); entry && entry.dueAt <= now; entry = this.#expiry.first()) {
      if (entry.timeout <= now) this.remove(entry);
      else this.#expiry.set(entry, entry.timeout);
    }
  }
}
