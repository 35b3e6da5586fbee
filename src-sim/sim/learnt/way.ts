/** Ways that packets have gone, as a tree: the next question depends on nothing but the answers to those before it. */
import type { Dimension } from '../compiled/dimension';
import type { MutableCounters } from '../machine';
import type { PacketFate } from '../trace';
import type { PlainPacket } from './plain-packet';
import type { Question } from './recorder';

/** What happens to every packet that goes this way. */
export interface Way {
  readonly kind: 'way';
  readonly counters: readonly MutableCounters[];
  readonly fate: PacketFate;
  /** Its flow gets a null binding on the way in, and on the way out. */
  readonly bindsDestination: boolean;
  readonly bindsSource: boolean;
}

export interface Fork {
  readonly kind: 'fork';
  readonly dimension: Dimension;
  readonly isTranslated: boolean;
  readonly next: Map<number, Fork | Way>;
}

/** Where the packet's destination was rewritten to. */
export interface Rewritten {
  dst: number;
  dport: number;
}

/** Ways, by what they begin with. */
export type Starts = Map<number, Fork | Way>;

/** More are not kept: then all are forgotten, and learnt anew. */
const MOST_WAYS = 200_000;

export class WayTree {
  readonly #trees = new Set<Starts>();
  #size = 0;

  /** @returns the way that the packet goes; undefined: nobody went it before */
  find(starts: Starts, start: number, packet: PlainPacket, rewritten: Rewritten): Way | undefined {
    let node = starts.get(start);
    while (node !== undefined && node.kind === 'fork') {
      if (node.isTranslated) {
        packet.dst = rewritten.dst;
        packet.dport = rewritten.dport;
      }
      node = node.next.get(node.dimension.lookUp(packet));
    }
    return node;
  }

  add(starts: Starts, start: number, questions: readonly Question[], way: Way): void {
    if (this.#size >= MOST_WAYS) this.#forget();
    this.#size += 1;
    this.#trees.add(starts);
    let known = starts;
    let answer = start;
    for (const { dimension, isTranslated, answer: next } of questions) {
      const there = known.get(answer);
      // The questions being the same, it cannot be: but a wrong way would be worse than none.
      if (there && (there.kind === 'way' || there.dimension !== dimension)) return;
      const fork: Fork = there ?? { kind: 'fork', dimension, isTranslated, next: new Map() };
      known.set(answer, fork);
      known = fork.next;
      answer = next;
    }
    known.set(answer, way);
  }

  #forget(): void {
    for (const starts of this.#trees) starts.clear();
    this.#size = 0;
  }
}
