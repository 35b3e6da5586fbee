/**
 * Which rule of a chain may be the next to match: those that every dimension leaves, found word by word (an aggregated
 * bit vector: Baboescu and Varghese, "Scalable Packet Classification", SIGCOMM 2001).
 */
import type { Dimension } from './dimension';
import type { Header } from './header';
import { lowestBit } from './rule-sets';

export class ChainIndex {
  /** The header that `#found` is about. */
  #stamp = -1;
  /** For each dimension, the set of rules whose condition holds; -1 where nobody has asked yet. */
  readonly #found: number[];

  constructor(
    readonly ruleCount: number,
    readonly dimensions: readonly Dimension[],
  ) {
    this.#found = dimensions.map(() => -1);
  }

  /** The first rule from `from` on whose conditions hold; `ruleCount` where none is left. */
  next(header: Header, from: number): number {
    const { ruleCount, dimensions } = this;
    if (dimensions.length === 0 || from >= ruleCount) return from;
    if (this.#stamp !== header.stamp) this.#forget(header);
    // A chain mostly begins with the rule that most packets match, and that rule has few conditions.
    if (this.#rules(header, from >>> 5, 1 << from) !== 0) return from;
    let word = from >>> 5;
    let bits = this.#rules(header, word, -1 << from);
    while (bits === 0) {
      word = this.#wordAfter(header, word);
      if (word === -1) return ruleCount;
      bits = this.#rules(header, word, -1);
    }
    return (word << 5) + lowestBit(bits);
  }

  #forget(header: Header): void {
    this.#stamp = header.stamp;
    for (let at = 0; at < this.#found.length; at += 1) this.#found[at] = -1;
  }

  #set(header: Header, at: number): number {
    const known = this.#found[at] ?? -1;
    if (known !== -1) return known;
    const dimension = this.dimensions[at];
    const found = dimension?.lookUp(header) ?? -1;
    this.#found[at] = found;
    if (header.listener && dimension?.isOfPacket) header.listener.asked(dimension, found);
    return found;
  }

  /** Those of the rules `asked` of a word that every dimension leaves; a dimension that none minds is not looked up. */
  #rules(header: Header, word: number, asked: number): number {
    let bits = asked;
    for (let at = 0; at < this.dimensions.length && bits !== 0; at += 1) {
      const dimension = this.dimensions[at];
      const free = dimension?.free.words[word] ?? 0;
      if (dimension && (bits & ~free) !== 0) bits &= free | dimension.sets.word(this.#set(header, at), word);
    }
    return bits;
  }

  /** The next word of which no dimension alone says that it is empty; -1: there is none. */
  #wordAfter(header: Header, word: number): number {
    const groups = this.dimensions[0]?.sets.groupCount ?? 0;
    const after = word + 1;
    let left = -1 << after;
    for (let group = after >>> 5; group < groups; group += 1, left = -1) {
      for (let at = 0; at < this.dimensions.length && left !== 0; at += 1) {
        const dimension = this.dimensions[at];
        const free = dimension?.free.summaries[group] ?? 0;
        if (dimension && (left & ~free) !== 0) left &= free | dimension.sets.summary(this.#set(header, at), group);
      }
      if (left !== 0) return (group << 5) + lowestBit(left);
    }
    return -1;
  }
}
