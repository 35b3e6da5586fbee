/** What SNPT and DNPT have in common: two prefixes of one length (RFC 6296). */
import {
  ADDRESS_BITS,
  type Address,
  addressFromValue,
  addressValue,
  inNetwork,
  maskAddress,
  prefixLength,
  prefixMask,
} from '../net/address';
import type { Packet } from '../net/packet';
import { hostNetwork, type Network } from './address-types';
import { option } from './define';

export const PREFIX_OPTIONS = {
  'src-pfx': option(hostNetwork, 'The prefix that is replaced.', { required: true }),
  'dst-pfx': option(hostNetwork, 'The prefix that replaces it.', { required: true }),
};

/** @kernel net/ipv6/netfilter/ip6t_NPT.c:ip6t_npt_checkentry */
export function prefixProblem(prefixes: readonly Network[]): string | undefined {
  const longest = prefixMask(64, 'ipv6');
  const isLong = prefixes.some(({ mask }) => addressValue(mask) !== addressValue(maskAddress(mask, longest)));
  if (isLong) return `a prefix has at most 64 of the ${ADDRESS_BITS.ipv6} bits`;
  const loose = prefixes.find(({ address, mask }) => maskAddress(address, mask) !== address);
  return loose && `${loose.address} has bits set behind its prefix`;
}

/** What became of an address; undefined: it cannot be translated, and the packet is dropped. */
export function translatePrefix(address: Address, from: Network, to: Network): Address | undefined {
  const length = Math.max(prefixLength(from.mask) ?? 0, prefixLength(to.mask) ?? 0);
  const mask = addressValue(prefixMask(length, 'ipv6'));
  const moved = (addressValue(address) & ~mask) | (addressValue(to.address) & mask);
  const words = wordsOf(moved);
  const place = length <= SHORT_PREFIX ? 3 : words.findIndex((word, index) => index >= 4 && word !== 0xffff);
  if (place === -1) return undefined;
  const sum = onesComplementSum([words[place] ?? 0, adjustment(from, to)]);
  const adjusted = sum === 0xffff ? 0 : sum;
  const shift = BigInt(16 * (7 - place));
  return addressFromValue((moved & ~(0xffffn << shift)) | (BigInt(adjusted) << shift), 'ipv6');
}

/**
 * Up to here the subnet word takes the difference of the checksums; behind it, a word of the host's part. RFC
 * 6296 §3.4
 */
const SHORT_PREFIX = 48;

/** The difference of the prefixes' checksums: transport checksums stay right. */
function adjustment(from: Network, to: Network): number {
  const [source, destination] = [from, to].map(({ address }) => onesComplementSum(wordsOf(addressValue(address))));
  return onesComplementSum([source ?? 0, ~(destination ?? 0) & 0xffff]);
}

function wordsOf(value: bigint): readonly number[] {
  return Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(16 * (7 - index))) & 0xffffn));
}

function onesComplementSum(words: readonly number[]): number {
  let sum = words.reduce((total, word) => total + word, 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

/** An ICMP error quotes a packet that was translated the other way: it gets its old address back. */
export function translateQuoted(packet: Packet, end: 'src' | 'dst', from: Network, to: Network): Packet {
  const { transport } = packet;
  if (transport.kind !== 'icmp' || transport.inner === undefined) return packet;
  const { inner } = transport;
  const address = inNetwork(inner[end], from) ? translatePrefix(inner[end], from, to) : undefined;
  return address === undefined
    ? packet
    : { ...packet, transport: { ...transport, inner: { ...inner, [end]: address } } };
}
