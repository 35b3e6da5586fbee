/** Keeps what is worked out for a line as long as the line itself: an edit leaves every other line as it was. */
import type { CommandLine } from '../syntax/tree';

/** On the line itself and not in a WeakMap, which costs a file of 100,000 rules a second of garbage collection. */
const KEPT = Symbol('kept');

interface KeepingLine extends CommandLine {
  [KEPT]?: unknown[];
}

let places = 0;

/** `compute`, asked once for each line. */
export function perLine<T extends object>(compute: (line: CommandLine) => T): (line: CommandLine) => T {
  const place = places++;
  return (line: KeepingLine) => {
    let kept = line[KEPT];
    if (kept === undefined) {
      kept = [];
      // Not enumerable: two lines of the same text stay equal.
      Object.defineProperty(line, KEPT, { value: kept });
    }
    kept[place] ??= compute(line);
    return kept[place] as T;
  };
}
