/**
 * An address as one word of 32 bits, for tables of numbers: an IPv4 address is its own word, an IPv6 address the number
 * under which it was first seen. Numbers are never given back: a simulation keeps the IPv6 addresses that it met.
 */
import { type Address, addressPoint, ipv4Address } from '../net/address';

/** Texts of the IPv4 addresses that were asked for last; a power of two. */
const KEPT_TEXTS = 512;

export class AddressWords {
  readonly #wide: Address[] = [];
  readonly #numberOf = new Map<Address, number>();
  readonly #texts = new Array<Address | undefined>(KEPT_TEXTS);
  readonly #valueOf = new Int32Array(KEPT_TEXTS);

  word(address: Address): number {
    const point = addressPoint(address);
    if (typeof point === 'number') return point | 0;
    const known = this.#numberOf.get(address);
    if (known !== undefined) return known;
    const number = this.#wide.push(address) - 1;
    this.#numberOf.set(address, number);
    return number;
  }

  text(word: number, isIpv6: boolean): Address {
    if (isIpv6) return this.#wide[word] ?? '::';
    const place = (word ^ (word >>> 16)) & (KEPT_TEXTS - 1);
    const kept = this.#texts[place];
    if (kept !== undefined && this.#valueOf[place] === word) return kept;
    const text = ipv4Address(word >>> 0);
    this.#texts[place] = text;
    this.#valueOf[place] = word;
    return text;
  }
}
