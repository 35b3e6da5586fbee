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
    }
    this.#settle(member);
  }

  delete(member: Member): void {
    const place = member.queuePlace;
    if (place === -1) return;
    member.queuePlace = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === member) return;
    last.queuePlace = place;
    this.#heap[place] = last;
    this.#settle(last);
  }

  /** Moves a member to where its time belongs: up, or else down. */
  #settle(member: Member): void {
    const heap = this.#heap;
    let place = member.queuePlace;
    for (;;) {
      const above = (place - 1) >> 1;
      const parent = heap[above];
      if (place === 0 || parent === undefined || parent.dueAt <= member.dueAt) break;
      put(heap, place, parent);
      place = above;
    }
    for (;;) {
      const below = earlierChild(heap, place);
      const child = heap[below];
      if (child === undefined || child.dueAt >= member.dueAt) break;
      put(heap, place, child);
      place = below;
    }
    put(heap, place, member);
  }
}

function put<Member extends Waiting>(heap: Member[], place: number, member: Member): void {
  heap[place] = member;
  member.queuePlace = place;
}

function earlierChild(heap: readonly Waiting[], place: number): number {
  const left = heap[2 * place + 1];
  const right = heap[2 * place + 2];
  return left !== undefined && right !== undefined && right.dueAt < left.dueAt ? 2 * place + 2 : 2 * place + 1;
}
