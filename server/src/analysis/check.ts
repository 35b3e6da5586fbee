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
  const { tables, problems } = lowerWithProblems(tree);
  return inOrder([...checkFile(tree), ...problems, ...checkDeclarations(tree, tables), ...checkHooks(tables.values())]);
}

/** What each line shows by itself and what {@link check} finds, in the order of the text. */
export function allProblems(document: Document): readonly LocatedProblem[] {
  return inOrder([...lineProblems(document), ...check(document)]);
}

/** What each line shows by itself. */
export function lineProblems({ tree }: Document): readonly LocatedProblem[] {
  const found: LocatedProblem[] = [];
  for (const [number, { problems }] of tree.lines.entries()) {
    for (const problem of problems) found.push({ ...problem, line: number });
  }
  return found;
}

function inOrder(problems: readonly LocatedProblem[]): readonly LocatedProblem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.span.start - b.span.start);
}
