/**
 * What iptables-restore, or the kernel behind it, would refuse of a file beyond what one line shows: its blocks, its
 * chains, what the declarations demand of a rule, and where matches and targets may stand. What both variants of
 * iptables-restore accept is never an error; what only one of them refuses is a warning that names it.
 */
import { templateTags } from '../syntax/dialect/template-tags';
import { problem } from '../syntax/problem';
import type { Line, Tree } from '../syntax/tree';
import { checkDeclarations } from './check-declarations';
import { checkFile } from './check-file';
import { checkHooks } from './check-hooks';
import { type Document, sidesOf } from './document';
import type { LocatedProblem } from './located-problem';
import { lowerSteps } from './lower';
import { finished, type Steps } from './steps';
import { hintedTable } from './table-hint';

export type { LocatedProblem } from './located-problem';

/** In the order of the lines. */
export function check(document: Document): readonly LocatedProblem[] {
  return finished(checkSteps(document));
}

export function* checkSteps(document: Document): Steps<readonly LocatedProblem[]> {
  const found: LocatedProblem[] = [];
  for (const { tree } of sidesOf(document)) found.push(...(yield* checkTree(tree)));
  found.push(...listingNote(document));
  return inOrder(document.literal ? [...found, ...unfilledTemplate(document, document.literal)] : found);
}

function* checkTree(tree: Tree): Steps<readonly LocatedProblem[]> {
  const { tables, problems } = yield* lowerSteps(tree);
  const ofRules = yield* checkDeclarations(tree, tables);
  const ofPlaces = yield* checkHooks(tables.values(), tree.dress !== 'script');
  return [...checkFile(tree), ...problems, ...ofRules, ...ofPlaces];
}

/** Nobody said that it is a listing, or of which table: to iptables-restore these are commands without a table. */
function listingNote({ tree, options }: Document): readonly LocatedProblem[] {
  if (tree.dress !== 'listing' || options.dialect || options.table) return [];
  const number = tree.lines.findIndex(({ kind }) => kind === 'command');
  const line = tree.lines[number];
  if (line?.kind !== 'command' || tree.lines.some(isTableHint)) return [];
  const message =
    'commands without a table, as iptables -S prints them: iptables-restore wants *filter before them and COMMIT behind; ' +
    'where this is a listing to look at, a "# chainwalk: table=filter" above says so';
  return [{ ...problem(line.flag.span, 'outside-table', message), line: number }];
}

function isTableHint(line: Line): boolean {
  return line.kind === 'comment' && hintedTable(line.comment.value) !== undefined;
}

/**
 * A restore file that only its place-holders show to be a template: iptables-restore is given them as they are. The
 * first that it refuses says so, and speaks for the others.
 */
function unfilledTemplate({ tree }: Document, literal: Document): readonly LocatedProblem[] {
  const refused = allProblems(literal).find(({ line, severity }) => severity === 'error' && holdsTag(tree.lines[line]));
  if (refused === undefined) return [];
  const message = `a template: iptables-restore takes its place-holders as they are (${refused.message})`;
  return [{ ...problem(refused.span, 'unfilled-template', message), line: refused.line }];
}

function holdsTag(line: Line | undefined): boolean {
  return line !== undefined && templateTags(line.text).length > 0;
}

/** What each line shows by itself and what {@link check} finds, in the order of the text. */
export function allProblems(document: Document): readonly LocatedProblem[] {
  return inOrder([...lineProblems(document), ...check(document)]);
}

/** What each line shows by itself. */
export function lineProblems(document: Document): readonly LocatedProblem[] {
  const found: LocatedProblem[] = [];
  for (const { tree } of sidesOf(document)) {
    let number = -1;
    for (const { problems } of tree.lines) {
      number += 1;
      for (const problem of problems) found.push({ ...problem, line: number });
    }
  }
  return found;
}

function inOrder(problems: readonly LocatedProblem[]): readonly LocatedProblem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.span.start - b.span.start);
}
