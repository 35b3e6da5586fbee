/**
 * What `-m set` and `-j SET` ask of a set of ipset.
 *
 * @kernel net/netfilter/ipset/ip_set_core.c:ip_set_test, ip_set_add, ip_set_del
 */
import type { Family } from '../net/address';
import type { Packet } from '../net/packet';

/** The sets of a host by name. */
export type IpSets = ReadonlyMap<string, IpSet>;

/** Which end of the packet a dimension looks at. */
export type SetDirection = 'src' | 'dst';

/** What a set may ask of a packet, besides what stands in its headers. */
export interface SetContext {
  readonly now: number;
  readonly mark: number;
  readonly inDevice: string | undefined;
  readonly outDevice: string | undefined;
  readonly macSource: string | undefined;
  readonly macDestination: string | undefined;
}

export interface SetSubject {
  readonly packet: Packet;
  readonly context: SetContext;
}

export interface CounterTest {
  readonly op: 'eq' | 'ne' | 'lt' | 'gt';
  readonly value: number;
}

export interface SetQuery {
  readonly directions: readonly SetDirection[];
  /** `--return-nomatch`: an entry with `nomatch` counts as found, any other does not. */
  readonly returnNomatch: boolean;
  readonly updateCounters: boolean;
  /** Those of entries in the members of a list. */
  readonly updateSubcounters: boolean;
  readonly packets?: CounterTest;
  readonly bytes?: CounterTest;
}

export interface SetAddition {
  readonly directions: readonly SetDirection[];
  /** `--exist`: what is there already is renewed. */
  readonly exist: boolean;
  /** Seconds; absent: the set's own. */
  readonly timeout?: number;
}

/** What an entry of a set with `skbinfo` gives a packet. */
export interface SetMark {
  readonly value: number;
  readonly mask: number;
}

/** `text` is what was looked up, or why nothing could be. */
export type SetFinding =
  | { readonly kind: 'in'; readonly text: string; readonly mark?: SetMark }
  /** The entry that fits says `nomatch`. */
  | { readonly kind: 'nomatch'; readonly text: string }
  | { readonly kind: 'out'; readonly text: string };

export interface IpSet {
  readonly name: string;
  /** `hash:ip,port`. */
  readonly type: string;
  /** Undefined: both. */
  readonly family: Family | undefined;
  /** How many directions it needs. */
  readonly dimension: number;
  find(subject: SetSubject, query: SetQuery): SetFinding;
  /** @returns false where nothing was added: it is there already, cannot be made of this packet, or the set is full */
  add(subject: SetSubject, addition: SetAddition): boolean;
  /** @returns false where it was not there */
  remove(subject: SetSubject, directions: readonly SetDirection[]): boolean;
}

/** What a set answers, after `--return-nomatch`. */
export interface SetAnswer {
  readonly held: boolean;
  readonly text: string;
  readonly mark?: SetMark;
}

export function testSet(set: IpSet, subject: SetSubject, query: SetQuery): SetAnswer {
  const misfit = misfitOf(set, subject, query.directions);
  if (misfit) return { held: false, text: misfit };
  const found = set.find(subject, query);
  const { text } = found;
  if (found.kind === 'in') {
    const held = !(query.returnNomatch && hasNomatch(set));
    return { held, text: `${text} is in the set ${set.name}`, ...(found.mark && { mark: found.mark }) };
  }
  if (found.kind === 'nomatch') {
    return { held: query.returnNomatch, text: `${text} is in the set ${set.name} as an exception (nomatch)` };
  }
  return { held: false, text: `${text} is not in the set ${set.name}` };
}

export function addToSet(set: IpSet, subject: SetSubject, addition: SetAddition): boolean {
  return misfitOf(set, subject, addition.directions) === undefined && set.add(subject, addition);
}

export function removeFromSet(set: IpSet, subject: SetSubject, directions: readonly SetDirection[]): boolean {
  return misfitOf(set, subject, directions) === undefined && set.remove(subject, directions);
}

/** Why a set can answer nothing about a packet. */
function misfitOf(set: IpSet, { packet }: SetSubject, directions: readonly SetDirection[]): string | undefined {
  if (directions.length < set.dimension) {
    return `the set ${set.name} (${set.type}) needs ${set.dimension} of src and dst`;
  }
  const fits = set.family === undefined || set.family === packet.family;
  return fits ? undefined : `the set ${set.name} is not of the packet's family`;
}

/** Networks can have exceptions. @kernel include/linux/netfilter/ipset/ip_set.h:IPSET_TYPE_NOMATCH */
export function hasNomatch({ type }: { readonly type: string }): boolean {
  return type.includes('net');
}
