import type { Problem } from '../syntax/tree';

/** A problem and the line that it is in, from 0; its span is relative to that line. */
export interface LocatedProblem extends Problem {
  readonly line: number;
}
