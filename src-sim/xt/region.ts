/**
 * What a match asks of a packet, and what a target does to it, as data: for those who reason about sets of packets
 * instead of running one through `matches` or `apply`. A test holds both descriptions to the same answer.
 */
import type { CtState } from '../conntrack/entry';
import type { Address, AddressMask } from '../net/address';
import type { GivenOptions } from '../netfilter/ruleset';
import type { AddressType } from './world';

/**
 * Whole packets (no later fragments) by their headers and what the kernel keeps beside them. All conditions hold
 * at once; a match that takes one or the other (`--ports`) gives several regions. A match without a region takes an
 * unknown part of the packets.
 */
export interface Region {
  readonly conditions: readonly RegionCondition[];
  /** False: the match takes *some* packets of the region, and nobody can say which (`limit`, `string`, a set). */
  readonly exact: boolean;
}

export type NumberField = 'protocol' | 'sport' | 'dport' | 'tcpFlags' | 'icmp' | 'mark';
export type AddressField = 'src' | 'dst';

/**
 * `range`: both ends included, `icmp` being `type << 8 | code`. `bits`: `field & mask === value`. `interface`: a name,
 * or the beginning of one with a `+` behind it.
 */
export type RegionCondition = { readonly inverted: boolean } & (
  | { readonly kind: 'range'; readonly field: NumberField; readonly ranges: readonly NumberRange[] }
  | { readonly kind: 'bits'; readonly field: 'tcpFlags' | 'mark'; readonly value: number; readonly mask: number }
  | { readonly kind: 'addresses'; readonly field: AddressField; readonly ranges: readonly AddressRange[] }
  | { readonly kind: 'network'; readonly field: AddressField; readonly network: AddressMask }
  | { readonly kind: 'interface'; readonly field: 'in' | 'out'; readonly pattern: string }
  | { readonly kind: 'state'; readonly states: readonly CtState[] }
  | { readonly kind: 'address-type'; readonly field: AddressField; readonly types: readonly AddressType[] }
  /** What headers do not tell, though the same question has one answer for a packet: whether it is in a set. */
  | { readonly kind: 'question'; readonly question: string }
);

export type NumberRange = readonly [from: number, to: number];
export type AddressRange = readonly [from: Address, to: Address];

/** What a target does to the packets that reach it. A target without an effect may do anything to them. */
export type TargetEffect =
  | { readonly kind: 'accept' | 'drop' | 'reject' | 'return' }
  /** The table's walk ends here; what becomes of the packet something else decides: NAT, a queue. */
  | { readonly kind: 'end' }
  /** The walk goes on with the next rule. */
  | { readonly kind: 'continue' }
  | { readonly kind: 'untrack' }
  /** The packet gets a conntrack template: raw sees it as NEW from here on. */
  | { readonly kind: 'template' }
  /** `mark = (mark & ~mask) ^ value`. @kernel net/netfilter/xt_mark.c:mark_tg */
  | { readonly kind: 'mark'; readonly value: number; readonly mask: number }
  /** The mark becomes something that headers do not tell (`CONNMARK --restore-mark`). */
  | { readonly kind: 'mark-unknown' };

/** A value that no packet has: what a range takes that runs backwards. */
export const NO_PACKET: readonly Region[] = [
  { conditions: [{ kind: 'range', field: 'protocol', ranges: [], inverted: false }], exact: true },
];

/**
 * For a match that looks at what boxes do not have, and whose options are asked of the packet alone, one by one: no
 * counter, clock or chance has a say.
 */
export function asked(name: string, given: GivenOptions): readonly Region[] {
  const conditions = Object.entries(given).map(
    ([option, { value, inverted }]): RegionCondition => ({
      kind: 'question',
      question: `${name} ${option} ${JSON.stringify(value)}`,
      inverted,
    }),
  );
  return [{ conditions, exact: true }];
}
