/**
 * Entries by their tuples, and by the source that NAT saw.
 *
 * @kernel net/netfilter/nf_conntrack_core.c:nf_conntrack_hash, net/netfilter/nf_nat_core.c:nf_nat_bysource
 */
import { type Address, addressPoint } from '../net/address';
import { Buckets, bucketOf, hashNumber, hashText, type Place } from './buckets';
import { type Entry, ZONE_BY_DIRECTION } from './entry';
import { type Direction, sameTuple, type Tuple } from './tuple';

export interface Found {
  readonly entry: Entry;
  readonly direction: Direction;
}

/** One of the two places that an entry has. @kernel include/net/netfilter/nf_conntrack_tuple.h:nf_conntrack_tuple_hash */
interface TuplePlace extends Found, Place {}

export class TupleIndex {
  readonly #buckets = new Buckets<TuplePlace>();

  find(tuple: Tuple, zoneId: number): Found | undefined {
    for (let place = this.#buckets.first(hashIn(zoneId, tuple)); place; place = place.next) {
      const { entry, direction } = place;
      if (sameTuple(tupleOf(entry, direction), tuple) && zoneIdOf(entry, direction) === zoneId) return place;
    }
    return undefined;
  }

  /** From now on an entry with the same tuple that came before is found no more. */
  add(entry: Entry, direction: Direction): void {
    this.#buckets.add({ entry, direction, hash: hashOf(entry, direction), next: undefined });
  }

  delete(entry: Entry, direction: Direction): void {
    this.#buckets.delete(hashOf(entry, direction), (place) => place.entry === entry && place.direction === direction);
  }
}

function hashOf(entry: Entry, direction: Direction): number {
  return hashIn(zoneIdOf(entry, direction), tupleOf(entry, direction));
}

/** Spelt out, since `entry[direction]` is several times as slow. */
function tupleOf(entry: Entry, direction: Direction): Tuple {
  return direction === 'original' ? entry.original : entry.reply;
}

function zoneIdOf({ zone }: Entry, direction: Direction): number {
  return direction === 'original' ? ZONE_BY_DIRECTION.original(zone) : ZONE_BY_DIRECTION.reply(zone);
}

function hashIn(zoneId: number, { src, dst, protocol, sport, dport }: Tuple): number {
  const addresses = hashAddress(dst, hashAddress(src));
  return bucketOf(hashNumber((sport << 16) | dport, hashNumber((zoneId << 8) | protocol, addresses)));
}

interface SourcePlace extends Place {
  readonly entry: Entry;
}

export type Source = Pick<Tuple, 'protocol' | 'src' | 'sport'>;

export class SourceIndex {
  readonly #buckets = new Buckets<SourcePlace>();

  /** Entries whose first packet had this source, the newest first. */
  *of(source: Source): Generator<Entry, void> {
    for (let place = this.#buckets.first(hashOfSource(source)); place; place = place.next) {
      const { protocol, src, sport } = place.entry.original;
      if (protocol === source.protocol && src === source.src && sport === source.sport) yield place.entry;
    }
  }

  add(entry: Entry): void {
    this.#buckets.add({ entry, hash: hashOfSource(entry.original), next: undefined });
  }

  delete(entry: Entry): void {
    this.#buckets.delete(hashOfSource(entry.original), (place) => place.entry === entry);
  }
}

function hashOfSource({ protocol, src, sport }: Source): number {
  return bucketOf(hashNumber((protocol << 16) | sport, hashAddress(src)));
}

function hashAddress(address: Address, start = 0): number {
  const point = addressPoint(address);
  return typeof point === 'number' ? hashNumber(point, start) : hashText(address, start);
}
