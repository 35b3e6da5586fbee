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
  readonly names: 'chain' | 'target' | undefined;
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
    const found: Found = { chain: undefined, chainStart: 0, target: undefined, targetStart: 0 };
    this.#values.length = 0;
    let point = this.#root;
    for (let at = blanksEnd(text, start, end); at < end; at = blanksEnd(text, at, end)) {
      const branch = branchAt(point, text, at, end);
      if (branch) {
        if (branch.names === 'chain') found.chainStart = at;
        else if (branch.names === 'target') found.targetStart = at;
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
      point = hole ? behindHole(point, hole) : behindWord(point, words[at]?.value ?? '', nameAt(shape, at));
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
      found.targetStart = at;
    }
    return wordEnd;
  }

  #fillValue({ part }: ValueHole, text: string, start: number, end: number): number {
    const first = valueWord(text, start, end);
    if (first === undefined) return NOT_FILLED;
    const words = [first.value];
    let at = first.end;
    while (words.length < part.words.length) {
      at = blanksEnd(text, at, end);
      const next = at < end ? valueWord(text, at, end) : undefined;
      if (next === undefined) return NOT_FILLED;
      words.push(next.value);
      at = next.end;
    }
    const { type } = part.declaration;
    // A name may be one for some protocols only, which the parser knows.
    if (type.hasOthers && words.some((word) => /[a-z]/i.test(word))) return NOT_FILLED;
    const parsed = type.parse(words, this.#family);
    if (!parsed.ok || parsed.warning !== undefined || !saysOneThing(part, parsed.value)) return NOT_FILLED;
    this.#values.push(parsed.value);
    return at;
  }
}

/** A word that can be nothing but a value. */
function valueWord(
  text: string,
  start: number,
  end: number,
): { readonly value: string; readonly end: number } | undefined {
  const plainEnd = plainWordEnd(text, start, end);
  if (plainEnd === end || isBlank(text.charCodeAt(plainEnd))) {
    const value = text.slice(start, plainEnd);
    return isValue(value) ? { value, end: plainEnd } : undefined;
  }
  const { word, openQuote } = wordAt(text, start, end);
  return openQuote === undefined && isValue(word.value) ? { value: word.value, end: word.span.end } : undefined;
}

function isValue(word: string): boolean {
  return !beginsOption(word) && !exceedsBytes(word, MAX_WORD_BYTES);
}

/** What a line has in the holes of its shape. */
interface Found {
  chain: string | undefined;
  chainStart: number;
  target: string | undefined;
  targetStart: number;
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

function nameAt({ chainAt, targetAt }: RuleShape, at: number): Branch['names'] {
  if (at === chainAt) return 'chain';
  return at === targetAt ? 'target' : undefined;
}

function behindWord(point: Point, word: string, names: Branch['names']): Point {
  const known = point.words.find((branch) => branch.word === word);
  if (known) return known.next;
  const next = newPoint();
  point.words.push({ word, names, next });
  return next;
}

function behindHole(point: Point, hole: Hole): Point {
  point.hole = hole;
  point.behindHole ??= newPoint();
  return point.behindHole;
}
