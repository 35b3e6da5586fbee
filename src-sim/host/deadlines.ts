/**
 * What falls due at a virtual time: a binary heap whose members know their place in it, so that one can be moved or
 * taken out without looking for it. Costs the logarithm of what waits for each member that falls due, and nothing for
 * those that do not.
 */

/** A member; the queue alone writes these fields. */
export interface Waiting {
  /** Virtual time in seconds at which the queue gives it out. */
  dueAt: number;
  /** Where the queue holds it; -1: nowhere. */
  queuePlace: number;
}

export class Deadlines<Member extends Waiting> {
  readonly #heap: Member[] = [];
  /** Their times, in the same order: so that others need not be fetched to compare with them. */
  readonly #times: number[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** The member that falls due first. */
  first(): Member | undefined {
    return this.#heap[0];
  }

  /** Takes a member in, or moves one that is in. */
  set(member: Member, dueAt: number): void {
    member.dueAt = dueAt;
    if (member.queuePlace === -1) {
      member.queuePlace = this.#heap.length;
      this.#heap.push(member);
      this.#times.push(dueAt);
    }
    this.#settle(member, dueAt);
  }

  delete(member: Member): void {
    const place = member.queuePlace;
    if (place === -1) return;
    member.queuePlace = -1;
    const last = this.#heap.pop();
    const lastTime = this.#times.pop() ?? 0;
    if (last === undefined || last === member) return;
    last.queuePlace = place;
    this.#settle(last, lastTime);
  }

  /** Moves a member to where its time belongs: up, or else down. */
  #settle(member: Member, dueAt: number): void {
    const times = this.#times;
    let place = member.queuePlace;
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
    if (member) this.#put(to, member, this.#times[from] ?? 0);
  }

  #put(place: number, member: Member, dueAt: number): void {
    this.#heap[place] = member;
    this.#times[place] = dueAt;
    member.queuePlace = place;
  }

  #earlierChild(place: number): number {
    const left = 2 * place + 1;
    return (this.#times[left + 1] ?? Number.POSITIVE_INFINITY) < (this.#times[left] ?? 0) ? left + 1 : left;
  }
}
