/** What the panel and the extension say to each other: types only, all of it JSON. */

import type { SimulateAnswer } from '../../../server/src/lsp/protocol';
import type { Assumptions, ScenarioPacket } from '../../../src-sim/sim/scenario';

export type ToPanel =
  | {
      readonly kind: 'opened';
      /** Kept by the page: by it VS Code's next session knows which document the panel shows. */
      readonly uri: string;
      /** The file's name, for the header. */
      readonly name: string;
      /** What the panel showed for this document the last time; absent the first time. */
      readonly remembered?: Remembered;
    }
  | {
      readonly kind: 'answer';
      /** The `turn` of the request; 0 where an edit of the ruleset made the extension ask by itself. */
      readonly turn: number;
      readonly answer: SimulateAnswer;
      /** Whether the ruleset was as the file on disk has it. */
      readonly saved: boolean;
    }
  | { readonly kind: 'failed'; readonly message: string };

export type FromPanel =
  | { readonly kind: 'ready' }
  /** Without packets: those that the ruleset suggests. */
  | {
      readonly kind: 'simulate';
      readonly turn: number;
      readonly packets?: readonly ScenarioPacket[];
      /** What is taken where the simulator cannot decide. */
      readonly assume?: Assumptions;
    }
  | { readonly kind: 'remember'; readonly remembered: Remembered }
  /** `line` is 0-based; with `focus` the editor takes the keyboard. */
  | { readonly kind: 'reveal'; readonly line: number; readonly focus: boolean }
  | { readonly kind: 'copy'; readonly text: string };

/** What is kept for a document between two openings of its panel. */
export interface Remembered {
  readonly packets: readonly ScenarioPacket[];
  readonly selected: number;
  readonly filter: StepFilter;
  readonly assume?: Assumptions;
}

export type StepFilter = 'all' | 'matched';
