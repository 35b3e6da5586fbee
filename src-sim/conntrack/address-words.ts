/**
 * An address as one word of 32 bits, for tables of numbers: an IPv4 address is its own word, an IPv6 address the number
 * under which it was first seen. Numbers are never given back: a simulation keeps the IPv6 addresses that it met.
 */
import { type Address, addressPoint, ipv4Address } from '../net/address';

export class AddressWords {
  readonly #wide: Address[] = [];
  readonly #numberOf = new Map<Address, number>();

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
    return isIpv6 ? (this.#wide[word] ?? '::') : ipv4Address(word >>> 0);
  }
}
