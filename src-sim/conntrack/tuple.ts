/**
 * Tuples: what identifies one direction of a flow.
 *
 * @kernel include/net/netfilter/nf_conntrack_tuple.h
 */
import type { Address } from '../net/address';
import { EXTENSION, upperProtocol } from '../net/ipv6-header';
import { isLaterFragment, type Packet } from '../net/packet';
import { PROTOCOL } from '../net/protocol';

export interface Tuple {
  readonly src: Address;
  readonly dst: Address;
  readonly protocol: number;
  /** Source port; for ICMP the id; 0 where the protocol has none. */
  readonly sport: number;
  /** Destination port; for ICMP `type << 8 | code`, as the kernel's union holds them; 0 where the protocol has none. */
  readonly dport: number;
}

export type Direction = 'original' | 'reply';

export function otherDirection(direction: Direction): Direction {
  return direction === 'original' ? 'reply' : 'original';
}

export function sameTuple(a: Tuple, b: Tuple): boolean {
  return a.sport === b.sport && a.dport === b.dport && a.protocol === b.protocol && a.src === b.src && a.dst === b.dst;
}

/** ICMP and ICMPv6 types that ask, and the type that answers; both ways. */
const ICMP_ANSWER: ReadonlyMap<number, number> = bothWays([
  [8, 0],
  [13, 14],
  [15, 16],
  [17, 18],
]);
const ICMPV6_ANSWER: ReadonlyMap<number, number> = bothWays([
  [128, 129],
  [139, 140],
]);

function bothWays(pairs: readonly (readonly [number, number])[]): ReadonlyMap<number, number> {
  return new Map(
    pairs.flatMap(([asks, answers]) => [
      [asks, answers],
      [answers, asks],
    ]),
  );
}

/** Protocols that are tracked by what their header says. */
const TOLD_BY_HEADER: ReadonlySet<number> = new Set([
  PROTOCOL.tcp,
  PROTOCOL.udp,
  PROTOCOL.udplite,
  PROTOCOL.icmpv6,
  PROTOCOL.sctp,
]);

export function isIcmp(protocol: number): boolean {
  return protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmpv6;
}

export function icmpTypeOf(tuple: Tuple): number {
  return tuple.dport >> 8;
}

export function icmpCodeOf(tuple: Tuple): number {
  return tuple.dport & 255;
}

/**
 * The tuple of a packet; undefined where it has none (a fragment without its transport header).
 *
 * @kernel net/netfilter/nf_conntrack_core.c:nf_ct_get_tuple
 */
export function tupleOf(packet: Packet): Tuple | undefined {
  if (isLaterFragment(packet)) return undefined;
  const protocol = upperProtocol(packet);
  // What ends with "no next header" has nothing to be told by. @kernel net/ipv6/exthdrs_core.c:ipv6_skip_exthdr
  if (protocol === 'broken' || (packet.family === 'ipv6' && protocol === EXTENSION.none)) return undefined;
  // Behind extension headers there should be a header with ports, and is none that can be read.
  if (protocol !== packet.protocol && TOLD_BY_HEADER.has(protocol)) return undefined;
  const { src, dst, transport } = packet;
  if (transport.kind === 'icmp') {
    return { src, dst, protocol, sport: transport.id, dport: (transport.type << 8) | transport.code };
  }
  return { src, dst, protocol, sport: transport.sport ?? 0, dport: transport.dport ?? 0 };
}

/**
 * The tuple of an answer; undefined for ICMP types that nothing answers.
 *
 * @kernel net/netfilter/nf_conntrack_core.c:nf_ct_invert_tuple
 */
export function invertTuple(tuple: Tuple): Tuple | undefined {
  const { src, dst, protocol, sport, dport } = tuple;
  if (!isIcmp(protocol)) return { src: dst, dst: src, protocol, sport: dport, dport: sport };
  const answer = (protocol === PROTOCOL.icmp ? ICMP_ANSWER : ICMPV6_ANSWER).get(icmpTypeOf(tuple));
  if (answer === undefined) return undefined;
  return { src: dst, dst: src, protocol, sport, dport: (answer << 8) | icmpCodeOf(tuple) };
}
