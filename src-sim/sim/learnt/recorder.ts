/** Writes down what the compiled walk asks of a packet and counts on its way, and whether that is all there is to it. */
import type { Dimension } from '../compiled/dimension';
import type { Listener } from '../compiled/header';
import type { MutableCounters } from '../machine';

export interface Question {
  readonly dimension: Dimension;
  /** Whether the packet's destination had been rewritten by then. */
  readonly isTranslated: boolean;
  /** The set of rules that was found. */
  readonly answer: number;
}

export class Recorder implements Listener {
  readonly questions: Question[] = [];
  readonly counters: MutableCounters[] = [];
  /** Whether a walk is behind the place where destinations are rewritten. */
  isTranslated = false;
  /** Something else played a part: what a match remembers, the time of day, chance, a target's own doing. */
  isSpoilt = false;

  asked(dimension: Dimension, answer: number): void {
    const { isTranslated } = this;
    const isKnown = this.questions.some((one) => one.dimension === dimension && one.isTranslated === isTranslated);
    if (!isKnown) this.questions.push({ dimension, isTranslated, answer });
  }

  counted(counters: MutableCounters, isSteady: boolean): void {
    this.counters.push(counters);
    if (!isSteady) this.isSpoilt = true;
  }

  spoil(): void {
    this.isSpoilt = true;
  }
}
