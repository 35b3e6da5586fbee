/** `chainwalk check FILE…`: whether iptables-restore would load the files, and what it would stop at. */
import { allProblems } from '../analysis/check';
import { type Document, spanInDocument } from '../analysis/document';
import type { LocatedProblem } from '../analysis/located-problem';
import { placeAt } from '../analysis/text-lines';
import { problemText, refuses, type Variant } from '../analysis/variant';
import { type RulesetOptions, readRuleset } from './read-ruleset';
import { printable, type Style, styleFor } from './style';
import type { Terminal } from './terminal';

export interface CheckOptions extends RulesetOptions {
  readonly variant: Variant;
}

/** @returns 0 where every file loads, 1 where one does not, 2 where one could not be read. */
export async function checkFiles(files: readonly string[], options: CheckOptions, terminal: Terminal): Promise<number> {
  const style = styleFor(terminal.color);
  let exitCode = 0;
  for (const file of files) {
    const document = await readRuleset(file, options, terminal);
    if (document === undefined) {
      exitCode = 2;
      continue;
    }
    const problems = allProblems(document).filter((one) => isWorthSaying(one, options.variant));
    if (exitCode === 0 && problems.some((one) => refuses(options.variant, one))) exitCode = 1;
    await terminal.write(problems.map((one) => problemLine(file, document, one, options.variant, style)).join(''));
  }
  return exitCode;
}

/** What the other variant alone refuses is no news here; what only the machine that loads the rules can say is. */
function isWorthSaying(problem: LocatedProblem, variant: Variant): boolean {
  if (refuses(variant, problem)) return true;
  return problem.refusedBy === undefined && problem.severity !== 'error';
}

function problemLine(file: string, document: Document, one: LocatedProblem, variant: Variant, style: Style): string {
  const severity = refuses(variant, one)
    ? style.bad('error:')
    : style.warn(one.severity === 'information' ? 'note:' : 'warning:');
  const { line, column } = placeAt(document, spanInDocument(document, one.line, one.span).start);
  const place = style.bold(`${printable(file)}:${line + 1}:${column + 1}:`);
  return `${place} ${severity} ${printable(problemText(one))}\n`;
}
