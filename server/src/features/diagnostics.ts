/** Everything that is wrong with a ruleset, in slices: what the parser saw, what iptables refuses, what lint finds. */
import { checkSteps, lineProblems } from '../analysis/check';
import { type Document, spanInDocument } from '../analysis/document';
import type { Hints } from '../analysis/hints';
import type { LocatedProblem } from '../analysis/located-problem';
import { problemText } from '../analysis/variant';
import type { Finding, Fix } from '../lint/finding';
import { refusalOf } from '../lint/refusals/registry';
import { findLintRule, LINT_RULES } from '../lint/registry';
import { type LintOptions, lintSlices } from '../lint/run';
import { chosenSeverity, isSwitchedOn, type LintChoices, NO_CHOICES } from '../lint/severities';
import { isPlainCommand } from '../syntax/opaque';
import { contentEnd } from '../syntax/parse';
import type { Line, Problem, Span } from '../syntax/tree';

export type Diagnostic = Finding;

export interface DiagnosticOptions extends Omit<LintOptions, 'rules'> {
  readonly choices?: LintChoices;
}

/** An editor that shows thousands of them helps nobody. */
export const MOST_DIAGNOSTICS = 1_000;
/** Enough for 100,000 rules in chains of three; the linter holds some 5 KB for each. */
const MOST_LINTED_LINES = 250_000;

/**
 * Each step's answer is a part of the diagnostics; between two steps the caller may do something else, or stop. What a
 * comment suppresses is among them, marked so.
 */
export function* diagnosticSlices(
  document: Document,
  hints: Hints,
  options: DiagnosticOptions = {},
): Generator<readonly Diagnostic[]> {
  if (yield* problemSlices(document, hints)) yield* findingSlices(document, hints, options);
}

/**
 * What iptables refuses, and what is wrong with hints: little work, told before the linter has looked.
 *
 * @returns whether the linter should
 */
export function* problemSlices(document: Document, hints: Hints): Generator<readonly Diagnostic[], boolean> {
  const foreign = foreignFile(document);
  if (foreign) {
    yield [foreign];
    return false;
  }
  const problems = lineProblems(document).map((problem) => diagnosticOf(document, problem));
  yield problems.slice(0, MOST_DIAGNOSTICS);
  if (problems.length > MOST_DIAGNOSTICS) return false;
  yield hints.problems.map((problem) => ofProblem(problem, problem.span));
  const steps = checkSteps(document);
  let step = steps.next();
  for (; !step.done; step = steps.next()) yield [];
  yield step.value.map((problem) => diagnosticOf(document, problem));
  if (!isWhole(document)) return false;
  const isLintable = document.chunks.count <= MOST_LINTED_LINES;
  if (!isLintable) yield [tooLong(document)];
  return isLintable;
}

/** What the linter finds. */
export function* findingSlices(
  document: Document,
  hints: Hints,
  { choices = NO_CHOICES, ...options }: DiagnosticOptions = {},
): Generator<readonly Diagnostic[]> {
  const rules = LINT_RULES.filter((rule) => isSwitchedOn(rule, choices));
  for (const findings of lintSlices(document, hints, { ...options, rules })) {
    yield findings.map((finding) => withChosenSeverity(finding, choices));
  }
}

/** Of a template or a script that asks, loops or names things by variables nobody knows the rules: lint is silent. */
function isWhole({ dialect, tree, others }: Document): boolean {
  if (dialect === 'template' || others !== undefined) return false;
  return dialect !== 'script' || tree.lines.every((line) => line.kind !== 'command' || isPlainCommand(line));
}

/** udev, polkit and others call their files `*.rules` too: one remark, instead of an error on every line. */
function foreignFile(document: Document): Diagnostic | undefined {
  const { tree } = document;
  if (document.dialect !== 'restore' || tree.lines.some(({ kind }) => OWN_LINES.has(kind))) return undefined;
  const first = tree.lines.findIndex(({ kind }) => kind === 'unknown');
  if (first === -1) return undefined;
  const message = 'this does not look like a ruleset of iptables: no line of it is a table, a chain or a rule';
  return remark('foreign-file', message, lineSpan(document, first));
}

const OWN_LINES: ReadonlySet<Line['kind']> = new Set(['table', 'chain', 'command', 'commit']);

/** A problem of a line under the name of its kind, with the cure of that kind. */
export function diagnosticOf(document: Document, problem: LocatedProblem): Diagnostic {
  const found = ofProblem(problem, spanInDocument(document, problem.line, problem.span));
  const refused = refusalOf(document, problem);
  if (refused === undefined) return found;
  const { code, severity = found.severity, fix } = refused.refusal;
  const cure = fix?.(refused.at);
  return { ...found, code, severity, fixes: cure ? [cure] : found.fixes };
}

function ofProblem(problem: Omit<Problem, 'span'>, span: Span): Diagnostic {
  const { code, severity, suggestion } = problem;
  return { code, severity, message: problemText(problem), span, related: [], fixes: suggestedFixes(suggestion, span) };
}

function suggestedFixes(text: string | undefined, span: Span): readonly Fix[] {
  return text === undefined ? [] : [{ title: `Replace with ${text}`, edits: [{ span, text }], safe: false }];
}

function withChosenSeverity(finding: Finding, choices: LintChoices): Diagnostic {
  const rule = findLintRule(finding.code);
  const severity = (rule && chosenSeverity(rule, choices)) ?? finding.severity;
  return { ...finding, severity };
}

function tooLong(document: Document): Diagnostic {
  const message = `more than ${MOST_LINTED_LINES} lines: the ruleset is not searched for pitfalls`;
  return remark('too-long', message, lineSpan(document, 0));
}

function remark(code: string, message: string, span: Span): Diagnostic {
  return { code, severity: 'information', message, span, related: [], fixes: [] };
}

function lineSpan(document: Document, lineNumber: number): Span {
  const text = document.tree.lines[lineNumber]?.text ?? '';
  return spanInDocument(document, lineNumber, { start: 0, end: contentEnd(text) });
}
