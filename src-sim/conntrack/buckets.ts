/**
 * A hash table whose buckets hold all that have the same hash. Nearly every bucket holds one member, and then it is the
 * member itself: of a million there is no million of lists.
 */
export class Buckets<Member extends object> {
  readonly #buckets = new Map<number, Member | readonly Member[]>();

  /** What `choose` makes of the newest member of which it makes anything. */
  pick<Chosen>(hash: number, choose: (member: Member) => Chosen | undefined): Chosen | undefined {
    const held = this.#buckets.get(hash);
    if (held === undefined) return undefined;
    if (!isList(held)) return choose(held);
    for (const member of held) {
      const chosen = choose(member);
      if (chosen !== undefined) return chosen;
    }
    return undefined;
  }

  /** The newest first. */
  all(hash: number): readonly Member[] {
    const held = this.#buckets.get(hash);
    if (held === undefined) return [];
    return isList(held) ? held : [held];
  }

  add(hash: number, member: Member): void {
    const held = this.all(hash);
    this.#buckets.set(hash, held.length === 0 ? member : [member, ...held]);
  }

  delete(hash: number, member: Member): void {
    const [first, ...others] = this.all(hash).filter((other) => other !== member);
    if (first === undefined) this.#buckets.delete(hash);
    else this.#buckets.set(hash, others.length === 0 ? first : [first, ...others]);
  }
}

function isList<Member extends object>(held: Member | readonly Member[]): held is readonly Member[] {
  return Array.isArray(held);
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
