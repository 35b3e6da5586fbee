/** What the simulator could not decide, what it took instead, and where a person may choose otherwise. */
import type { Assumptions } from './scenario';

export interface Undecided {
  /** `-m cpu`, `-j CLUSTERIP`. */
  readonly what: string;
  readonly reason: string;
  /** What it was taken for, for a person. */
  readonly taken: string;
  /** Absent: there is nothing to choose. */
  readonly choice?: Choice;
}

export interface Choice {
  readonly of: 'match' | 'target';
  /** The rule, as {@link Assumptions} name it: `filter:INPUT:3`. */
  readonly place: string;
  /** Undefined: nobody chose. */
  readonly chosen: Assumptions[string] | undefined;
}

export function undecidedText({ what, reason, taken, choice }: Undecided): string {
  const byWhom = choice?.chosen === undefined ? '' : ', as the scenario assumes';
  return `${what}: ${reason}; taken as ${taken}${byWhom}`;
}
