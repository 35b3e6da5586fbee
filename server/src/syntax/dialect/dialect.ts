/**
 * The dresses in which the language of iptables comes. A dialect reads a text into the same lines as a restore file,
 * with spans into the text, so that whoever reads the tree need not know where a line came from.
 */
import type { Family } from '../../../../src-sim/net/address';
import type { Line, Tree } from '../tree';

/** `ufw` is a restore file of the framework's, loaded into tables that its other files have filled. */
export type Dialect = 'restore' | 'ufw' | 'listing' | 'script' | 'template';

/** A text that is no plain restore file. */
export interface DressedText {
  /** One for each family that the text speaks to; all have the same lines, where those of another family are foreign. */
  readonly trees: readonly [Tree, ...Tree[]];
  /** Offset of each line's first character. */
  readonly starts: readonly number[];
}

export interface DialectChoice {
  readonly fileName?: string;
  readonly family: Family;
}

export function lineStartsOf(lines: readonly Line[]): readonly number[] {
  let next = 0;
  return lines.map((line) => {
    const start = next;
    next += line.text.length;
    return start;
  });
}
