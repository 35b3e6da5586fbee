/**
 * What iptables-restore, or the kernel behind it, would refuse of a file beyond what one line shows: its blocks, its
 * chains, what the declarations demand of a rule, and where matches and targets may stand. What both variants of
 * iptables-restore accept is never an error; what only one of them refuses is a warning that names it.
 */
import { checkDeclarations } from './check-declarations';
import { checkFile } from './check-file';
import { checkHooks } from './check-hooks';
import type { Document } from './document';
import type { LocatedProblem } from './located-problem';
import { lowerWithProblems } from './lower';

export type { LocatedProblem } from './located-problem';

/** In the order of the lines. */
export function check(document: Document): readonly LocatedProblem[] {
  const { tree } = document;
  const { ruleset, problems } = lowerWithProblems(tree);
  return inOrder([...checkFile(tree), ...problems, ...checkDeclarations(tree, ruleset), ...checkHooks(tree, ruleset)]);
}

/** What each line shows by itself and what {@link check} finds, in the order of the text. */
export function allProblems(document: Document): readonly LocatedProblem[] {
  const ofLines = document.tree.lines.flatMap((line, number) => line.problems.map((one) => ({ ...one, line: number })));
  return inOrder([...ofLines, ...check(document)]);
}

function inOrder(problems: readonly LocatedProblem[]): readonly LocatedProblem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.span.start - b.span.start);
}
