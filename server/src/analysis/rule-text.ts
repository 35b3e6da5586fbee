/** A rule as it stands in the text, for showing it beside what it did. */
import type { CommandLine, Tree } from '../syntax/tree';

/** Where the rule itself begins in its line, behind `-A CHAIN` or `-I CHAIN 3`. */
export function ruleStart({ text, chain, position, flag }: CommandLine): number {
  const end = (position ?? chain ?? flag).span.end;
  return end + (/^\s*/.exec(text.slice(end))?.[0].length ?? 0);
}

/** The rule of a line, without counters and `-A CHAIN`; empty where the line holds none. */
export function ruleText(tree: Tree, lineNumber: number | undefined): string {
  const line = lineNumber === undefined ? undefined : tree.lines[lineNumber];
  return line?.kind === 'command' ? line.text.slice(ruleStart(line)).trimEnd() : '';
}
