/** A hash table whose buckets are lists, the newest member first, as `hlist_head` tables in the kernel are. */

/** A place in a bucket; the table alone writes `next`. */
export interface Place {
  readonly hash: number;
  next: this | undefined;
}

export class Buckets<Member extends Place> {
  readonly #first = new Map<number, Member>();

  first(hash: number): Member | undefined {
    return this.#first.get(hash);
  }

  add(member: Member): void {
    member.next = this.#first.get(member.hash);
    this.#first.set(member.hash, member);
  }

  /** Takes out the newest member of the bucket for which `isIt` holds. */
  delete(hash: number, isIt: (member: Member) => boolean): void {
    let before: Member | undefined;
    for (let member = this.#first.get(hash); member; before = member, member = member.next) {
      if (!isIt(member)) continue;
      if (before) before.next = member.next;
      else if (member.next) this.#first.set(hash, member.next);
      else this.#first.delete(hash);
      return;
    }
  }
}

/** FNV-1a. */
export function hashText(text: string, start: number): number {
  let hash = start ^ 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash;
}

export function hashNumber(number: number, start: number): number {
  const mixed = Math.imul(start ^ number, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

/** JavaScript engines keep integers of up to 31 bits without a box. */
export function bucketOf(hash: number): number {
  return hash & 0x3fff_ffff;
}
