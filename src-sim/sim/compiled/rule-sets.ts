/**
 * Sets of a chain's rules as bitmaps. The words of a bitmap are gathered in groups of 32, and a summary of each group
 * says which of its words are not empty; stored sets keep only those. A chain of 10,000 rules is 10 groups.
 */

const BITS = 32;

/** A set while it changes. */
export class RuleSet {
  readonly words: Int32Array;
  readonly summaries: Int32Array;

  constructor(ruleCount: number) {
    this.words = new Int32Array(Math.ceil(ruleCount / BITS));
    this.summaries = new Int32Array(Math.ceil(this.words.length / BITS));
  }

  /** Puts a rule in, or takes it out where it is in. */
  toggle(rule: number): void {
    const word = rule >>> 5;
    const bits = (this.words[word] ?? 0) ^ (1 << rule);
    const summary = this.summaries[word >>> 5] ?? 0;
    this.words[word] = bits;
    this.summaries[word >>> 5] = bits === 0 ? summary & ~(1 << word) : summary | (1 << word);
  }
}

/** Sets that stay as they are, by number. */
export class StoredRuleSets {
  /** For each set and each group: the summary, and where in `#words` the group's words begin. */
  readonly #groups: number[] = [];
  readonly #words: number[] = [];
  readonly #byHash = new Map<number, number[]>();
  #count = 0;

  constructor(readonly groupCount: number) {}

  /** @returns the number of the set; equal sets have one number */
  add(set: RuleSet): number {
    const same = this.#byHash.get(hashOf(set)) ?? [];
    const known = same.find((number) => this.#equals(number, set));
    if (known !== undefined) return known;
    this.#byHash.set(hashOf(set), [...same, this.#count]);
    set.summaries.forEach((summary, group) => {
      this.#groups.push(summary, this.#words.length);
      for (let left = summary; left !== 0; left &= left - 1) {
        this.#words.push(set.words[group * BITS + lowestBit(left)] ?? 0);
      }
    });
    return this.#count++;
  }

  /** Which words of the group are not empty. */
  summary(set: number, group: number): number {
    return this.#groups[(set * this.groupCount + group) * 2] ?? 0;
  }

  word(set: number, word: number): number {
    const at = (set * this.groupCount + (word >>> 5)) * 2;
    const summary = this.#groups[at] ?? 0;
    const bit = 1 << word;
    if ((summary & bit) === 0) return 0;
    return this.#words[(this.#groups[at + 1] ?? 0) + bitCount(summary & (bit - 1))] ?? 0;
  }

  #equals(number: number, set: RuleSet): boolean {
    if (set.summaries.some((summary, group) => summary !== this.summary(number, group))) return false;
    return set.words.every((bits, word) => bits === this.word(number, word));
  }
}

function hashOf({ words, summaries }: RuleSet): number {
  let hash = 0;
  summaries.forEach((summary, group) => {
    for (let left = summary; left !== 0; left &= left - 1) {
      const word = group * BITS + lowestBit(left);
      hash = Math.imul(hash ^ word, 0x85ebca6b);
      hash = Math.imul(hash ^ (hash >>> 13) ^ (words[word] ?? 0), 0xc2b2ae35);
    }
  });
  return hash;
}

/** The place of the lowest bit that is set; of a number that is not 0. */
export function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

/** @see Henry S. Warren, "Hacker's Delight", §5-1 */
function bitCount(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x5555_5555);
  const nibbles = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}
