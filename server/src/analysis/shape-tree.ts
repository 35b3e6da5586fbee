/**
 * The shapes of the rules that have been read, as a tree of their words: a line whose words lead to a shape is known,
 * and has nothing wrong with it, without the parser having read it. Every line of a file comes by here: words are
 * compared where they stand in the text, and only what fills a hole is cut out of it.
 */
import type { Family } from '../../../src-sim/net/address';
import { isHook } from '../../../src-sim/netfilter/hook';
import type { Json } from '../../../src-sim/netfilter/ruleset';
import { findTarget } from '../../../src-sim/xt/registry';
import { blanksEnd, exceedsBytes, isBlank, MAX_WORD_BYTES, plainWordEnd, wordAt } from '../syntax/token';
import type { Word } from '../syntax/tree';
import { KnownLine } from './known-line';
import { beginsOption, isPlainName } from './plain-name';
import { type Hole, type RuleShape, saysOneThing, type ValueHole } from './rule-shape';

/** Where a line has come to, word by word. */
interface Point {
  readonly words: Branch[];
  /** What stands here, where it is no word of the shape. Options and names of extensions decide it. */
  hole: Hole | undefined;
  behindHole: Point | undefined;
  /** Set where a line may end. */
  shape: RuleShape | undefined;
}

interface Branch {
  readonly word: string;
  readonly isChain: boolean;
  readonly next: Point;
}

/** Rulesets have some hundreds of them; more are learnt by no more than an unlucky mass of different files. */
const MOST_SHAPES = 5_000;

export class ShapeTree {
  readonly #family: Family;
  #root = newPoint();
  #count = 0;
  /** What the options of the line that is being looked at are given. */
  readonly #values: Json[] = [];

  constructor(family: Family) {
    this.#family = family;
  }

  /** The line as one of a shape that has been learnt by now. @param start where its rule begins, behind counters */
  find(text: string, start: number, end: number): KnownLine | undefined {
    const found: Found = { chain: undefined, chainStart: 0, target: undefined };
    this.#values.length = 0;
    let point = this.#root;
    for (let at = blanksEnd(text, start, end); at < end; at = blanksEnd(text, at, end)) {
      const branch = branchAt(point, text, at, end);
      if (branch) {
        if (branch.isChain) found.chainStart = at;
        at += branch.word.length;
        point = branch.next;
      } else {
        if (point.hole === undefined || point.behindHole === undefined) return undefined;
        at = this.#fill(point.hole, text, at, end, found);
        if (at === NOT_FILLED) return undefined;
        point = point.behindHole;
      }
    }
    const { shape } = point;
    return shape?.allows(this.#values) ? new KnownLine(text, shape, found) : undefined;
  }

  /** @param words those of the line that the shape was learnt from */
  learn(shape: RuleShape, words: readonly Word[]): void {
    if (this.#count === MOST_SHAPES) {
      this.#root = newPoint();
      this.#count = 0;
    }
    let point = this.#root;
    for (let at = 0; at < words.length; ) {
      const hole = shape.holes.get(at);
      point = hole ? behindHole(point, hole) : behindWord(point, words[at]?.value ?? '', at === shape.chainAt);
      at += hole?.kind === 'value' ? hole.part.words.length : 1;
    }
    if (point.shape === undefined) this.#count += 1;
    point.shape = shape;
  }

  /** @returns where what fills the hole ends; {@link NOT_FILLED} where there is something to say about it */
  #fill(hole: Hole, text: string, at: number, end: number, found: Found): number {
    if (hole.kind === 'value') return this.#fillValue(hole, text, at, end);
    const wordEnd = plainWordEnd(text, at, end);
    const name = text.slice(at, wordEnd);
    // Where a quote ends it, the word goes on.
    if (wordEnd < end && !isBlank(text.charCodeAt(wordEnd))) return NOT_FILLED;
    if (!isPlainName(name) || (hole.kind === 'chain' ? isHook(name) : findTarget(name))) return NOT_FILLED;
    if (hole.kind === 'chain') {
      found.chain = name;
      found.chainStart = at;
    } else {
      found.target = name;
    }
    return wordEnd;
  }

  #fillValue({ part }: ValueHole, text: string, start: number, end: number): number {
    const { type } = part.declaration;
    const words: string[] = [];
    let at = start;
    for (let missing = part.words.length; missing > 0; missing -= 1) {
      at = blanksEnd(text, at, end);
      if (at >= end) return NOT_FILLED;
      const { word, openQuote } = wordAt(text, at, end);
      if (openQuote !== undefined || beginsOption(word.value) || exceedsBytes(word.value, MAX_WORD_BYTES)) {
        return NOT_FILLED;
      }
      words.push(word.value);
      at = word.span.end;
    }
    const parsed = type.parse(words, this.#family);
    if (!parsed.ok || parsed.warning !== undefined || !saysOneThing(part, parsed.value)) return NOT_FILLED;
    this.#values.push(parsed.value);
    return at;
  }
}

/** What a line has in the holes of its shape. */
interface Found {
  chain: string | undefined;
  chainStart: number;
  target: string | undefined;
}

const NOT_FILLED = -1;

function newPoint(): Point {
  return { words: [], hole: undefined, behindHole: undefined, shape: undefined };
}

function branchAt({ words }: Point, text: string, at: number, end: number): Branch | undefined {
  for (const branch of words) {
    if (!text.startsWith(branch.word, at)) continue;
    const wordEnd = at + branch.word.length;
    if (wordEnd === end || (wordEnd < end && isBlank(text.charCodeAt(wordEnd)))) return branch;
  }
  return undefined;
}

function behindWord(point: Point, word: string, isChain: boolean): Point {
  const known = point.words.find((branch) => branch.word === word);
  if (known) return known.next;
  const next = newPoint();
  point.words.push({ word, isChain, next });
  return next;
}

function behindHole(point: Point, hole: Hole): Point {
  point.hole = hole;
  point.behindHole ??= newPoint();
  return point.behindHole;
}
