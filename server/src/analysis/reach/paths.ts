/** The ways by which packets come to a rule: jumps from a base chain on, and what packets can be on each. */
import { type Box, intersectBoxes } from '../packet-set';
import { mayTake } from './rule-test';
import { type MappedRule, packetsAt, type TableMap } from './table-map';

export interface Path {
  /** The jumps in the order of the walk, and the rule itself last. */
  readonly rules: readonly MappedRule[];
  /** Packets that all of them may match; never none. */
  readonly boxes: readonly Box[];
}

/** More parts than this of what a path takes are not followed. */
const MOST_BOXES = 64;
const DEEPEST_JUMP = 40;

export class PathSearch {
  /** Ends of paths whose conditions cannot all hold. */
  readonly contradictions: (readonly MappedRule[])[] = [];
  /** Not all paths were found: nothing can be said of all. */
  isCut = false;
  #visits: number;

  constructor(
    readonly map: TableMap,
    mostVisits: number,
  ) {
    this.#visits = mostVisits;
  }

  /** @param shape of the packets that are asked about */
  *pathsTo(rule: MappedRule, shape: Box = {}): Generator<Path> {
    yield* this.#above([rule], mayTake(this.map.testOf(rule.rule), shape));
  }

  *#above(rules: readonly MappedRule[], boxes: readonly Box[]): Generator<Path> {
    const [first] = rules;
    const chain = this.map.chains.get(first?.chain ?? '');
    if (chain === undefined) return;
    if (boxes.length === 0) {
      this.contradictions.push(rules);
      return;
    }
    this.#visits -= 1;
    if (this.#visits < 0 || boxes.length > MOST_BOXES || rules.length > DEEPEST_JUMP) {
      this.isCut = true;
      return;
    }
    if (chain.hook !== undefined) {
      const atHook = packetsAt(this.map.space, chain.hook);
      const own = boxes.flatMap((box) => intersectBoxes(box, atHook) ?? []);
      if (own.length > 0) yield { rules, boxes: own };
      else this.contradictions.push(rules);
    }
    for (const caller of chain.callers) {
      if (this.isCut) return;
      const test = this.map.testOf(caller.rule);
      yield* this.#above(
        [caller, ...rules],
        boxes.flatMap((box) => mayTake(test, box)),
      );
    }
  }
}
