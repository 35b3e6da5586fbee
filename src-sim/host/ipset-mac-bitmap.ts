/**
 * `bitmap:ip,mac`: an entry without a MAC address takes that of the first packet it sees.
 *
 * @kernel net/netfilter/ipset/ip_set_bitmap_ipmac.c:bitmap_ipmac_do_test, bitmap_ipmac_do_add
 */
import type { Address } from '../net/address';
import type { IpSet, SetAddition, SetDirection, SetFinding, SetQuery, SetSubject } from './ipset';
import { type Entry, type EntryExtras, expiryOf, extensionsHold, isExpired } from './ipset-entry';
import { packetKey, type SetShape } from './ipset-key';

interface MacEntry extends Entry {
  mac: string | undefined;
  /** Seconds, kept until the MAC address is known: only then the time begins to run. */
  timeout: number | undefined;
}

export class MacBitmap implements IpSet {
  readonly name: string;
  readonly type: string;
  readonly family = 'ipv4';
  readonly dimension = 2;
  readonly #entries = new Map<Address, MacEntry>();

  constructor(readonly shape: SetShape) {
    this.name = shape.name;
    this.type = shape.type;
  }

  find(subject: SetSubject, query: SetQuery): SetFinding {
    const key = packetKey(this.shape, subject, query.directions);
    if (typeof key === 'string') return { kind: 'out', text: key };
    const [address = '', mac = ''] = key.parts;
    const text = `${address},${mac}`;
    const entry = this.#entries.get(address);
    if (entry === undefined) return { kind: 'out', text };
    if (entry.mac === undefined) {
      this.#fill(entry, mac, subject);
      return { kind: 'in', text };
    }
    const held = entry.mac === mac && extensionsHold(entry, this.shape, subject, query);
    return held ? { kind: 'in', text, ...(entry.mark && { mark: entry.mark }) } : { kind: 'out', text };
  }

  #fill(entry: MacEntry, mac: string, { packet, context }: SetSubject): void {
    entry.mac = mac;
    entry.packets = 1;
    entry.bytes = packet.length;
    entry.mark = undefined;
    entry.expires = expiryOf(entry.timeout, this.shape, context.now);
  }

  add(subject: SetSubject, { directions, exist, timeout }: SetAddition): boolean {
    const key = packetKey(this.shape, subject, directions);
    if (typeof key === 'string') return false;
    const [address = '', mac = ''] = key.parts;
    const { now } = subject.context;
    const known = this.#entries.get(address);
    const isFull = known?.mac !== undefined && !isExpired(known, now);
    if (isFull && !exist) return false;
    const extras = { nomatch: false, mark: undefined, packets: 1, bytes: subject.packet.length };
    this.insert(address, mac, { ...extras, timeout: timeout ?? known?.timeout }, now);
    return true;
  }

  remove(subject: SetSubject, directions: readonly SetDirection[]): boolean {
    const key = packetKey(this.shape, subject, directions);
    return typeof key !== 'string' && this.#entries.delete(key.parts[0] ?? '');
  }

  has(address: Address): boolean {
    return this.#entries.has(address);
  }

  insert(address: Address, mac: string | undefined, extras: EntryExtras, now: number): void {
    this.#entries.set(address, {
      mac,
      timeout: extras.timeout,
      iface: undefined,
      nomatch: false,
      packets: extras.packets ?? 0,
      bytes: extras.bytes ?? 0,
      mark: this.shape.hasMarks ? extras.mark : undefined,
      expires: mac === undefined ? undefined : expiryOf(extras.timeout, this.shape, now),
    });
  }

  delete(address: Address): boolean {
    return this.#entries.delete(address);
  }

  clear(): void {
    this.#entries.clear();
  }
}
