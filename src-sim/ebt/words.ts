/** A line of `ebtables-save` as words, each with its place. */

export interface Word {
  readonly text: string;
  /** From 0. */
  readonly column: number;
}

/** Blanks part words, double quotes hold them together. */
export function wordsOf(line: string): readonly Word[] {
  return [...line.matchAll(/"([^"]*)"|\S+/g)].map((found) => ({ text: found[1] ?? found[0], column: found.index }));
}
