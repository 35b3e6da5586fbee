/** A line as plain data, whether it has been read whole or only known by its shape. */
import { KnownChain } from '../../server/src/analysis/known-chain';
import { KnownLine } from '../../server/src/analysis/known-line';
import type { Line, Tree } from '../../server/src/syntax/tree';

export function plainTree({ family, lines }: Tree): Tree {
  return { family, lines: lines.map(plainLine) };
}

export function plainLine(line: Line): Line {
  if (line instanceof KnownLine) {
    const { kind, text, problems, counters, flag, command, chain, position, argument, parts } = line;
    return { kind, text, problems, counters, flag, command, chain, position, argument, parts };
  }
  if (line instanceof KnownChain) {
    const { kind, text, problems, name, policy, counters } = line;
    return { kind, text, problems, name, policy, counters };
  }
  return line;
}

export function isKnown(line: Line): boolean {
  return line instanceof KnownLine || line instanceof KnownChain;
}
