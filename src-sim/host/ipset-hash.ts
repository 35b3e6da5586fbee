/**
 * The sets of type hash, and the bitmaps, which answer like them.
 *
 * @kernel net/netfilter/ipset/ip_set_hash_gen.h, ip_set_bitmap_gen.h
 */
import type { Family } from '../net/address';
import type { IpSet, SetAddition, SetDirection, SetFinding, SetQuery, SetSubject } from './ipset';
import {
  type Entry,
  type EntryExtras,
  type EntryInterface,
  expiryOf,
  extensionsHold,
  hostBits,
  isExpired,
  NO_EXTRAS,
} from './ipset-entry';
import { type EntryKey, networkText, type PacketKey, packetKey, type SetShape } from './ipset-key';

export class HashSet implements IpSet {
  readonly name: string;
  readonly type: string;
  readonly family: Family | undefined;
  readonly dimension: number;
  /** By everything but the interface. */
  readonly #buckets = new Map<string, Entry[]>();
  /** For each dimension that is a network: how many entries have a prefix of this length. */
  readonly #prefixes: readonly Map<number, number>[];
  #size = 0;

  constructor(readonly shape: SetShape) {
    this.name = shape.name;
    this.type = shape.type;
    this.family = shape.family;
    this.dimension = shape.fields.length;
    this.#prefixes = shape.fields.filter((field) => field === 'net').map(() => new Map<number, number>());
  }

  find(subject: SetSubject, query: SetQuery): SetFinding {
    const key = packetKey(this.shape, subject, query.directions);
    if (typeof key === 'string') return { kind: 'out', text: key };
    const text = [...key.parts, ...(key.iface ? [key.iface.name] : [])].join(',');
    for (const parts of this.#candidates(key)) {
      const found = this.#findIn(parts, key, subject, query);
      if (found === 'next') continue;
      if (found === 'stop') break;
      if (found.nomatch) return { kind: 'nomatch', text };
      return { kind: 'in', text, ...(found.mark && { mark: found.mark }) };
    }
    return { kind: 'out', text };
  }

  /**
   * An entry of this network for another interface ends the search: less specific networks are not looked at.
   *
   * @kernel ip_set_hash_gen.h:mtype_test_cidrs, `multi`
   */
  #findIn(
    parts: readonly string[],
    { iface }: PacketKey,
    subject: SetSubject,
    query: SetQuery,
  ): Entry | 'next' | 'stop' {
    let sawNetwork = false;
    for (const entry of this.#buckets.get(parts.join(',')) ?? []) {
      sawNetwork = entry.iface !== undefined;
      if (!isSameInterface(entry.iface, iface)) continue;
      if (extensionsHold(entry, this.shape, subject, query)) return entry;
      sawNetwork = false;
    }
    return sawNetwork ? 'stop' : 'next';
  }

  /** The key with each combination of the prefix lengths that the set has, the longest first. */
  *#candidates({ parts, nets }: PacketKey, from = 0): Iterable<readonly string[]> {
    const net = nets[from];
    if (net === undefined) {
      yield parts;
      return;
    }
    for (const length of descending(this.#prefixes[from])) {
      const chosen = withPart(parts, net.place, networkText(net.address, length));
      yield* this.#candidates({ parts: chosen, nets, iface: undefined }, from + 1);
    }
  }

  add(subject: SetSubject, { directions, exist, timeout }: SetAddition): boolean {
    const key = this.#keyToChange(subject, directions);
    if (key === undefined) return false;
    const counted = { packets: 1, bytes: subject.packet.length };
    const known = this.#lookUp(key);
    if (known && !exist && !isExpired(known, subject.context.now)) return false;
    return this.insert(key, { ...NO_EXTRAS, ...counted, timeout }, subject.context.now);
  }

  remove(subject: SetSubject, directions: readonly SetDirection[]): boolean {
    const key = this.#keyToChange(subject, directions);
    const known = key && this.#lookUp(key);
    if (key === undefined || known === undefined || isExpired(known, subject.context.now)) return false;
    return this.delete(key);
  }

  /** A packet's entry has the longest prefix that the set has. @kernel ip_set_hash_gen.h:INIT_CIDR */
  #keyToChange(subject: SetSubject, directions: readonly SetDirection[]): EntryKey | undefined {
    const key = packetKey(this.shape, subject, directions);
    if (typeof key === 'string') return undefined;
    const parts = key.nets.reduce((chosen, { place, address }, index) => {
      const [longest = hostBits(address)] = descending(this.#prefixes[index]);
      return withPart(chosen, place, networkText(address, longest));
    }, key.parts);
    return { parts, iface: key.iface };
  }

  has(key: EntryKey): boolean {
    return this.#lookUp(key) !== undefined;
  }

  #lookUp({ parts, iface }: EntryKey): Entry | undefined {
    return this.#buckets.get(parts.join(','))?.find((entry) => isSameInterface(entry.iface, iface));
  }

  /** Adds an entry, or gives one that is there these extras. @returns false where the set is full */
  insert(key: EntryKey, extras: EntryExtras, now: number): boolean {
    const known = this.#lookUp(key);
    if (known === undefined && this.#size >= this.shape.maxElements && !this.#makeRoom(now)) return false;
    const entry = known ?? this.#create(key);
    entry.nomatch = extras.nomatch;
    entry.packets = extras.packets ?? entry.packets;
    entry.bytes = extras.bytes ?? entry.bytes;
    entry.mark = this.shape.hasMarks ? extras.mark : undefined;
    entry.expires = expiryOf(extras.timeout, this.shape, now);
    return true;
  }

  #create({ parts, iface }: EntryKey): Entry {
    const entry = { iface, nomatch: false, expires: undefined, packets: 0, bytes: 0, mark: undefined };
    const bucket = this.#buckets.get(parts.join(','));
    if (bucket) bucket.push(entry);
    else this.#buckets.set(parts.join(','), [entry]);
    this.#countPrefixes(parts, 1);
    this.#size += 1;
    return entry;
  }

  delete(key: EntryKey): boolean {
    const known = this.#lookUp(key);
    if (known) this.#drop(key.parts.join(','), known);
    return known !== undefined;
  }

  clear(): void {
    this.#buckets.clear();
    for (const lengths of this.#prefixes) lengths.clear();
    this.#size = 0;
  }

  /**
   * @deviates with `forceadd` the kernel throws out an entry of the same hash bucket: here the oldest goes
   */
  #makeRoom(now: number): boolean {
    const entries = [...this.#buckets].flatMap(([text, bucket]) => bucket.map((entry) => ({ text, entry })));
    for (const { text, entry } of entries) if (isExpired(entry, now)) this.#drop(text, entry);
    const [oldest] = entries;
    if (this.#size >= this.shape.maxElements && this.shape.forceAdd && oldest) this.#drop(oldest.text, oldest.entry);
    return this.#size < this.shape.maxElements;
  }

  #drop(text: string, entry: Entry): void {
    const left = (this.#buckets.get(text) ?? []).filter((other) => other !== entry);
    if (left.length > 0) this.#buckets.set(text, left);
    else this.#buckets.delete(text);
    this.#countPrefixes(text.split(','), -1);
    this.#size -= 1;
  }

  #countPrefixes(parts: readonly string[], change: 1 | -1): void {
    const lengths = this.shape.fields.flatMap((field, index) => (field === 'net' ? [lengthOf(parts[index])] : []));
    lengths.forEach((length, index) => {
      const counts = this.#prefixes[index];
      const count = (counts?.get(length) ?? 0) + change;
      if (count > 0) counts?.set(length, count);
      else counts?.delete(length);
    });
  }
}

/** @kernel ip_set_hash_netiface.c:hash_netiface4_data_equal */
function isSameInterface(entry: EntryInterface | undefined, asked: EntryInterface | undefined): boolean {
  if (entry === undefined || asked === undefined) return entry === asked;
  return entry.isPrefix ? asked.name.startsWith(entry.name) : entry.name === asked.name;
}

function descending(lengths: ReadonlyMap<number, number> | undefined): readonly number[] {
  return [...(lengths?.keys() ?? [])].sort((a, b) => b - a);
}

function lengthOf(network: string | undefined): number {
  return Number(network?.split('/')[1]);
}

function withPart(parts: readonly string[], place: number, part: string): readonly string[] {
  return parts.map((other, index) => (index === place ? part : other));
}
