/**
 * Tuples: what identifies one direction of a flow.
 *
 * @kernel include/net/netfilter/nf_conntrack_tuple.h
 */
import type { Address } from '../net/address';

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

export function tupleKey(tuple: Tuple): string {
  return `${tuple.protocol} ${tuple.src} ${tuple.sport} ${tuple.dst} ${tuple.dport}`;
}

export function sameTuple(a: Tuple, b: Tuple): boolean {
  return tupleKey(a) === tupleKey(b);
}
