/**
 * Which rule of a chain may be the next to match: those that every dimension leaves, found word by word (an aggregated
 * bit vector: Baboescu and Varghese, "Scalable Packet Classification", SIGCOMM 2001).
 */
import type { Dimension } from './dimension';
import type { Header } from './header';
import { lowestBit } from './rule-sets';

export class ChainIndex {
  /** The header for which `#found` was looked up. */
  #stamp = -1;
  /** For each dimension, the set of rules whose condition holds. */
  readonly #found: number[];

  constructor(
    readonly ruleCount: number,
    readonly dimensions: readonly Dimension[],
  ) {
    this.#found = dimensions.map(() => 0);
  }

  /** The first rule from `from` on whose conditions hold; `ruleCount` where none is left. */
  next(header: Header, from: number): number {
    const { ruleCount, dimensions } = this;
    if (dimensions.length === 0 || from >= ruleCount) return from;
    if (this.#stamp !== header.stamp) this.#lookUp(header);
    let word = from >>> 5;
    let bits = this.#word(word) & (-1 << from);
    while (bits === 0) {
      word = this.#wordAfter(word);
      if (word === -1) return ruleCount;
      bits = this.#word(word);
    }
    return (word << 5) + lowestBit(bits);
  }

  #lookUp(header: Header): void {
    this.#stamp = header.stamp;
    for (let at = 0; at < this.dimensions.length; at += 1) this.#found[at] = this.dimensions[at]?.lookUp(header) ?? 0;
  }

  /** The rules of a word that every dimension leaves. */
  #word(word: number): number {
    let bits = -1;
    for (let at = 0; at < this.dimensions.length && bits !== 0; at += 1) {
      const dimension = this.dimensions[at];
      if (dimension) bits &= (dimension.free.words[word] ?? 0) | dimension.sets.word(this.#found[at] ?? 0, word);
    }
    return bits;
  }

  /** The next word of which no dimension alone says that it is empty; -1: there is none. */
  #wordAfter(word: number): number {
    const groups = this.dimensions[0]?.sets.groupCount ?? 0;
    const after = word + 1;
    let left = -1 << after;
    for (let group = after >>> 5; group < groups; group += 1, left = -1) {
      for (let at = 0; at < this.dimensions.length && left !== 0; at += 1) {
        const dimension = this.dimensions[at];
        if (dimension) {
          left &= (dimension.free.summaries[group] ?? 0) | dimension.sets.summary(this.#found[at] ?? 0, group);
        }
      }
      if (left !== 0) return (group << 5) + lowestBit(left);
    }
    return -1;
  }
}
