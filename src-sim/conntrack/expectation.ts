/**
 * Expectations: connections that another one announced. The first packet that fits takes one, and is RELATED.
 *
 * @kernel net/netfilter/nf_conntrack_expect.c
 */
import { Deadlines, OWN_PLACES, type Waiting } from '../host/deadlines';
import { type Address, expandedText, familyOf, maskAddress } from '../net/address';
import { hasPorts } from '../net/protocol';
import type { Entry } from './entry';
import type { ExpectationPolicy } from './helper/define';
import { type Direction, sameTuple, type Tuple } from './tuple';

export interface Expected {
  readonly tuple: Tuple;
  /** Which part of the source counts; destination and protocol always do. */
  readonly mask: SourceMask;
  readonly master: Entry;
  /** The policy that it counts under: its helper's. */
  readonly policy: ExpectationPolicy;
  /** It stays when a packet took it. */
  readonly permanent?: true;
  /** Helper of the connection that comes. */
  readonly helper?: string;
  /** The connection is translated as its master is. @kernel net/netfilter/nf_nat_helper.c:nf_nat_follow_master */
  readonly followsMaster?: { readonly direction: Direction; readonly port: number };
}

export interface SourceMask {
  readonly address: Address;
  readonly port: boolean;
}

export interface Expectation extends Expected, Waiting {
  /** Virtual time in seconds at which it is given up. */
  readonly dueAt: number;
}

/** `busy`: another expectation stands in the way; another port may be free. `full`: there are too many. */
export type ExpectAnswer = 'expected' | 'busy' | 'full';

export class Expectations {
  readonly #all = new Set<Expectation>();
  readonly #expiry = new Deadlines<Expectation>(OWN_PLACES);

  get size(): number {
    return this.#all.size;
  }

  /** In the order in which they were made. */
  all(): readonly Expectation[] {
    return [...this.#all];
  }

  /** The one that a new flow fits, the newest first; it is gone then, unless it is permanent. @kernel …:nf_ct_find_expectation */
  take(tuple: Tuple, zoneId: number): Expectation | undefined {
    const newest = [...this.#all].reverse();
    const found = newest.find((one) => one.master.zone.id === zoneId && fits(tuple, one.tuple, one.mask));
    // Nobody can know of an expectation whose master never left this host.
    if (found === undefined || !found.master.status.confirmed || found.master.status.dying) return undefined;
    if (!found.permanent) this.#remove(found);
    return found;
  }

  /** @param most that the host holds at all. @kernel …:__nf_ct_expect_check */
  add(wanted: Expected, most: number, now: number): ExpectAnswer {
    const sameZone = this.all().filter(({ master }) => master.zone.id === wanted.master.zone.id);
    for (const other of sameZone.reverse()) {
      if (other.master === wanted.master && sameTuple(other.tuple, wanted.tuple) && sameMask(other.mask, wanted.mask)) {
        this.#remove(other);
        break;
      }
      if (fits(other.tuple, wanted.tuple, intersection(other.mask, wanted.mask))) return 'busy';
    }
    const { policy, master } = wanted;
    const own = this.all().filter((one) => one.master === master && one.policy === policy);
    const [oldest] = own;
    if (oldest && policy.most > 0 && own.length >= policy.most) this.#remove(oldest);
    if (this.#all.size >= most) return 'full';
    const expectation: Expectation = { ...wanted, dueAt: now + policy.timeoutSeconds, queuePlace: -1 };
    this.#all.add(expectation);
    this.#expiry.set(expectation, expectation.dueAt);
    return 'expected';
  }

  removeOf(master: Entry): void {
    for (const expectation of this.all()) if (expectation.master === master) this.#remove(expectation);
  }

  clear(): void {
    for (const expectation of this.all()) this.#remove(expectation);
  }

  removeExpired(now: number): void {
    for (let one = this.#expiry.due(now); one; one = this.#expiry.due(now)) this.#remove(one);
  }

  #remove(expectation: Expectation): void {
    this.#all.delete(expectation);
    this.#expiry.delete(expectation);
  }
}

/** @kernel include/net/netfilter/nf_conntrack_tuple.h:nf_ct_tuple_mask_cmp */
function fits(tuple: Tuple, expected: Tuple, mask: SourceMask): boolean {
  return (
    tuple.protocol === expected.protocol &&
    tuple.dst === expected.dst &&
    tuple.dport === expected.dport &&
    (!mask.port || tuple.sport === expected.sport) &&
    familyOf(tuple.src) === familyOf(expected.src) &&
    maskAddress(tuple.src, mask.address) === maskAddress(expected.src, mask.address)
  );
}

function sameMask(a: SourceMask, b: SourceMask): boolean {
  return a.address === b.address && a.port === b.port;
}

function intersection(a: SourceMask, b: SourceMask): SourceMask {
  return { address: maskAddress(a.address, b.address), port: a.port && b.port };
}

/** As one line of /proc/net/nf_conntrack_expect. @kernel …:exp_seq_show */
export function formatExpectation({ tuple, master, permanent, dueAt }: Expectation, now: number): string {
  const { src, dst, protocol, sport, dport } = tuple;
  const words = [
    `${Math.max(0, Math.floor(dueAt - now))} l3proto = ${familyOf(src) === 'ipv4' ? 2 : 10} proto=${protocol}`,
    `src=${expandedText(src)} dst=${expandedText(dst)}`,
    ...(hasPorts(protocol) ? [`sport=${sport} dport=${dport}`] : []),
    ...(permanent ? ['PERMANENT'] : []),
    ...(master.helper === undefined ? [] : [master.helper]),
  ];
  return words.join(' ');
}
