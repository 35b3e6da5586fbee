/** Entries of sets: what they are found by, and what they carry besides. */
import { ADDRESS_BITS, type Address, type AddressMask, familyOf, maskAddress, prefixMask } from '../net/address';
import { destinationPort, isLaterFragment, type Packet, sourcePort } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import type { CounterTest, SetDirection, SetMark, SetQuery, SetSubject } from './ipset';

/** One dimension of a set, in the words of its type: `hash:ip,port` has two. */
export type SetField = 'ip' | 'net' | 'port' | 'iface' | 'mac' | 'mark';

export interface EntryInterface {
  /** Empty: an entry of another type of set. */
  readonly name: string;
  /** The name is the beginning of one. */
  readonly isPrefix: boolean;
}

export interface Entry {
  readonly iface: EntryInterface | undefined;
  nomatch: boolean;
  /** Virtual time in seconds; undefined: never. */
  expires: number | undefined;
  packets: number;
  bytes: number;
  mark: SetMark | undefined;
}

/** What `add` may say of an entry. */
export interface EntryExtras {
  readonly nomatch: boolean;
  readonly timeout: number | undefined;
  readonly packets: number | undefined;
  readonly bytes: number | undefined;
  readonly mark: SetMark | undefined;
}

export const NO_EXTRAS: EntryExtras = {
  nomatch: false,
  timeout: undefined,
  packets: undefined,
  bytes: undefined,
  mark: undefined,
};

/** What a set was created with, besides what it holds. */
export interface SetTraits {
  /**
   * Seconds that entries live where they do not say otherwise, 0 being for ever; undefined: the set has no
   * timeouts.
   */
  readonly timeout: number | undefined;
  readonly hasCounters: boolean;
  readonly hasMarks: boolean;
}

export function isExpired(entry: Entry, now: number): boolean {
  return entry.expires !== undefined && now > entry.expires;
}

export function expiryOf(timeout: number | undefined, traits: SetTraits, now: number): number | undefined {
  if (traits.timeout === undefined) return undefined;
  const seconds = timeout ?? traits.timeout;
  return seconds === 0 ? undefined : now + seconds;
}

/**
 * Whether an entry that fits counts; it ticks on the way, `nomatch` or not.
 *
 * @kernel net/netfilter/ipset/ip_set_core.c:ip_set_match_extensions
 */
export function extensionsHold(
  entry: Entry,
  traits: SetTraits,
  { packet, context }: SetSubject,
  query: SetQuery,
): boolean {
  if (isExpired(entry, context.now)) return false;
  if (!traits.hasCounters) return true;
  if (query.updateCounters) {
    entry.packets += 1;
    entry.bytes += packet.length;
  }
  return counterHolds(entry.packets, query.packets) && counterHolds(entry.bytes, query.bytes);
}

function counterHolds(counter: number, test: CounterTest | undefined): boolean {
  switch (test?.op) {
    case undefined:
      return true;
    case 'eq':
      return counter === test.value;
    case 'ne':
      return counter !== test.value;
    case 'lt':
      return counter < test.value;
    case 'gt':
      return counter > test.value;
  }
}

export function addressAt({ src, dst }: Packet, direction: SetDirection): Address {
  return direction === 'src' ? src : dst;
}

export function networkOf(address: Address, length: number): AddressMask {
  const mask = prefixMask(length, familyOf(address));
  return { address: maskAddress(address, mask), mask };
}

export function hostBits(address: Address): number {
  return ADDRESS_BITS[familyOf(address)];
}

/** Protocols of whose later fragments nothing is known. */
const WITH_PORTS: ReadonlySet<number> = new Set([
  PROTOCOL.tcp,
  PROTOCOL.udp,
  PROTOCOL.udplite,
  PROTOCOL.sctp,
  PROTOCOL.icmp,
]);

export interface PacketPort {
  readonly protocol: number;
  /** `type << 8 | code` of ICMP; 0 of a protocol without ports. */
  readonly port: number;
}

/** @kernel net/netfilter/ipset/ip_set_getport.c:ip_set_get_ip4_port, ip_set_get_ip6_port */
export function portAt(packet: Packet, direction: SetDirection): PacketPort | undefined {
  const { protocol, transport, family } = packet;
  if (protocol === 0) return undefined;
  if (isLaterFragment(packet)) {
    return family === 'ipv6' || WITH_PORTS.has(protocol) ? undefined : { protocol, port: 0 };
  }
  if (transport.kind === 'icmp') return { protocol, port: (transport.type << 8) | transport.code };
  if (!WITH_PORTS.has(protocol)) return { protocol, port: 0 };
  return { protocol, port: (direction === 'src' ? sourcePort(packet) : destinationPort(packet)) ?? 0 };
}
