/**
 * Entries by their tuples, and by the source that NAT saw.
 *
 * @kernel net/netfilter/nf_conntrack_core.c:nf_conntrack_hash, net/netfilter/nf_nat_core.c:nf_nat_bysource
 */
import { type Address, addressPoint } from '../net/address';
import { Buckets, bucketOf, hashNumber, hashText } from './buckets';
import { type Entry, ZONE_BY_DIRECTION } from './entry';
import { type Direction, sameTuple, type Tuple } from './tuple';

export interface Found {
  readonly entry: Entry;
  readonly direction: Direction;
}

export class TupleIndex {
  readonly #buckets = new Buckets<Entry>();

  find(tuple: Tuple, zoneId: number): Found | undefined {
    return this.#buckets.pick(hashIn(zoneId, tuple), (entry) => {
      const direction = directionOf(entry, tuple, zoneId);
      return direction && { entry, direction };
    });
  }

  /** From now on an entry with one of its tuples that came before is found no more. */
  add(entry: Entry): void {
    for (const hash of hashesOf(entry)) this.#buckets.add(hash, entry);
  }

  delete(entry: Entry): void {
    for (const hash of hashesOf(entry)) this.#buckets.delete(hash, entry);
  }
}

/** Where both tuples are one, as of a socket that talks to itself, the answer's: it was entered last. */
function directionOf({ original, reply, zone }: Entry, tuple: Tuple, zoneId: number): Direction | undefined {
  if (sameTuple(reply, tuple) && ZONE_BY_DIRECTION.reply(zone) === zoneId) return 'reply';
  return sameTuple(original, tuple) && ZONE_BY_DIRECTION.original(zone) === zoneId ? 'original' : undefined;
}

function hashesOf({ original, reply, zone }: Entry): ReadonlySet<number> {
  return new Set([hashIn(ZONE_BY_DIRECTION.original(zone), original), hashIn(ZONE_BY_DIRECTION.reply(zone), reply)]);
}

function hashIn(zoneId: number, { src, dst, protocol, sport, dport }: Tuple): number {
  const addresses = hashAddress(dst, hashAddress(src, 0));
  return bucketOf(hashNumber((sport << 16) | dport, hashNumber((zoneId << 8) | protocol, addresses)));
}

export type Source = Pick<Tuple, 'protocol' | 'src' | 'sport'>;

export class SourceIndex {
  readonly #buckets = new Buckets<Entry>();

  /** Entries whose first packet had this source, the newest first. */
  of(source: Source): readonly Entry[] {
    return this.#buckets.all(hashOfSource(source)).filter(({ original: { protocol, src, sport } }) => {
      return protocol === source.protocol && src === source.src && sport === source.sport;
    });
  }

  add(entry: Entry): void {
    this.#buckets.add(hashOfSource(entry.original), entry);
  }

  delete(entry: Entry): void {
    this.#buckets.delete(hashOfSource(entry.original), entry);
  }
}

function hashOfSource({ protocol, src, sport }: Source): number {
  return bucketOf(hashNumber((protocol << 16) | sport, hashAddress(src, 0)));
}

function hashAddress(address: Address, start: number): number {
  const point = addressPoint(address);
  return typeof point === 'number' ? hashNumber(point, start) : hashText(address, start);
}
