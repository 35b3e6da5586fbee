/** A set whose members are sets. @kernel net/netfilter/ipset/ip_set_list_set.c:list_set_kadt */
import {
  addToSet,
  type IpSet,
  removeFromSet,
  type SetAddition,
  type SetDirection,
  type SetFinding,
  type SetQuery,
  type SetSubject,
  testSet,
} from './ipset';
import { type Entry, type EntryExtras, expiryOf, extensionsHold, isExpired, type SetTraits } from './ipset-entry';

interface Member extends Entry {
  readonly set: IpSet;
}

/** Where a new member goes: before or behind another. */
export interface MemberPlace {
  readonly side: 'before' | 'after';
  readonly name: string;
}

export class ListSet implements IpSet {
  readonly type = 'list:set';
  readonly family = undefined;
  readonly dimension = 1;
  readonly #members: Member[] = [];

  constructor(
    readonly name: string,
    readonly traits: SetTraits,
  ) {}

  /** The first member that holds the packet, and whose own counters allow it. */
  find(subject: SetSubject, query: SetQuery): SetFinding {
    const { packets: _packets, bytes: _bytes, ...rest } = query;
    const updateCounters = query.updateCounters && query.updateSubcounters;
    const told: string[] = [];
    for (const member of this.#members) {
      const { held, text, mark } = testSet(member.set, subject, { ...rest, updateCounters });
      told.push(text);
      if (!held || !extensionsHold(member, this.traits, subject, query)) continue;
      const given = this.traits.hasMarks ? member.mark : mark;
      return { kind: 'in', text, ...(given && { mark: given }) };
    }
    return { kind: 'out', text: told.join(', ') || 'the packet' };
  }

  add(subject: SetSubject, addition: SetAddition): boolean {
    for (const { set } of this.#living(subject)) if (addToSet(set, subject, addition)) break;
    return true;
  }

  remove(subject: SetSubject, directions: readonly SetDirection[]): boolean {
    for (const { set } of this.#living(subject)) if (removeFromSet(set, subject, directions)) break;
    return true;
  }

  #living({ context }: SetSubject): readonly Member[] {
    return this.#members.filter((member) => !isExpired(member, context.now));
  }

  has(set: IpSet): boolean {
    return this.#members.some((member) => member.set === set);
  }

  /** @returns false where the member that it should stand beside is not there */
  insert(set: IpSet, extras: EntryExtras, place?: MemberPlace): boolean {
    const at = this.#members.findIndex((member) => member.set.name === place?.name);
    if (place && at === -1) return false;
    const member = {
      set,
      iface: undefined,
      nomatch: false,
      packets: extras.packets ?? 0,
      bytes: extras.bytes ?? 0,
      mark: this.traits.hasMarks ? extras.mark : undefined,
      expires: expiryOf(extras.timeout, this.traits, 0),
    };
    this.#members.splice(place ? at + (place.side === 'after' ? 1 : 0) : this.#members.length, 0, member);
    return true;
  }

  delete(set: IpSet): boolean {
    const at = this.#members.findIndex((member) => member.set === set);
    if (at !== -1) this.#members.splice(at, 1);
    return at !== -1;
  }

  clear(): void {
    this.#members.length = 0;
  }
}
