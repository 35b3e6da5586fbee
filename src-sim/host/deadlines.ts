/**
 * What falls due at a virtual time: a binary heap whose members know their place in it, so that one can be moved or
 * taken out without looking for it. Costs the logarithm of what waits for each member that falls due, and nothing for
 * those that do not.
 */

/** Where a member keeps the place that the queue gave it; -1: it is in no queue. */
export interface Places<Member> {
  of(member: Member): number;
  put(member: Member, place: number): void;
}

/** A member that is an object; the queue alone writes this field. */
export interface Waiting {
  queuePlace: number;
}

export const OWN_PLACES: Places<Waiting> = {
  of: ({ queuePlace }) => queuePlace,
  put(member, place) {
    member.queuePlace = place;
  },
};

export class Deadlines<Member> {
  readonly #heap: Member[] = [];
  /** Virtual times in seconds, in the same order. */
  readonly #times: number[] = [];

  constructor(readonly places: Places<Member>) {}

  get size(): number {
    return this.#heap.length;
  }

  /** The member that falls due first, if its time has come. */
  due(now: number): Member | undefined {
    return (this.#times[0] ?? Number.POSITIVE_INFINITY) <= now ? this.#heap[0] : undefined;
  }

  /** Takes a member in, or moves one that is in. @param dueAt virtual time in seconds */
  set(member: Member, dueAt: number): void {
    let place = this.places.of(member);
    if (place === -1) {
      place = this.#heap.length;
      this.#heap.push(member);
      this.#times.push(dueAt);
    }
    this.#settle(member, place, dueAt);
  }

  delete(member: Member): void {
    const place = this.places.of(member);
    if (place === -1) return;
    this.places.put(member, -1);
    const last = this.#heap.pop();
    const lastTime = this.#times.pop() ?? 0;
    if (last === undefined || last === member) return;
    this.#settle(last, place, lastTime);
  }

  /** Moves a member to where its time belongs: up, or else down. */
  #settle(member: Member, from: number, dueAt: number): void {
    const times = this.#times;
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if ((times[above] ?? 0) <= dueAt) break;
      this.#move(above, place);
      place = above;
    }
    for (let below = this.#earlierChild(place); below < times.length; below = this.#earlierChild(place)) {
      if ((times[below] ?? 0) >= dueAt) break;
      this.#move(below, place);
      place = below;
    }
    this.#put(place, member, dueAt);
  }

  #move(from: number, to: number): void {
    const member = this.#heap[from];
    if (member !== undefined) this.#put(to, member, this.#times[from] ?? 0);
  }

  #put(place: number, member: Member, dueAt: number): void {
    this.#heap[place] = member;
    this.#times[place] = dueAt;
    this.places.put(member, place);
  }

  #earlierChild(place: number): number {
    const left = 2 * place + 1;
    return (this.#times[left + 1] ?? Number.POSITIVE_INFINITY) < (this.#times[left] ?? 0) ? left + 1 : left;
  }
}
