/** Work that is done in steps, so that who does it may answer something else between two of them, or leave it. */

export type Steps<T> = Generator<undefined, T, undefined>;

/** How many lines, rules or chains a step looks at: some milliseconds' worth. */
export const STEP = 4_096;

export function finished<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
