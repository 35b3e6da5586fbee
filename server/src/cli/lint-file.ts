/** Lints one file, and fixes what is safe where that is asked for. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { blockAt } from '../analysis/blocks';
import { type Document, lineAt } from '../analysis/document';
import { placeAt } from '../analysis/text-lines';
import { type Diagnostic, diagnosticSlices } from '../features/diagnostics';
import { fixSafely } from '../lint/fix-all';
import { findLintRule } from '../lint/registry';
import { isSwitchedOn, type LintChoices, mergeChoices, NO_CHOICES } from '../lint/severities';
import { type Surroundings, surroundedHints } from '../project/surrounded-hints';
import { readSurroundings } from '../surroundings/surroundings';
import type { Span } from '../syntax/tree';
import type { FileReport, LintResult, LintTask, Region } from './lint-report';
import { rulesetOf } from './read-ruleset';

export async function lintFile(task: LintTask, readFile: (path: string) => Promise<string>): Promise<FileReport> {
  const { file, fix } = task;
  try {
    const text = await readFile(file);
    const document = rulesetOf(text, file, task);
    const around = await readSurroundings(resolve(file), document);
    const find = (one: Document) => findingsIn(one, around, task);
    // Bytes that are no UTF-8 have become U+FFFD: they could not be written back.
    if (!fix || text.includes('\uFFFD')) return { file, results: resultsOf(file, document, find(document)) };
    const fixed = fixSafely(document, find);
    const results = resultsOf(file, fixed.document, find(fixed.document));
    return fixed.count === 0
      ? { file, results }
      : { file, results, fixed: { text: fixed.document.text, count: fixed.count } };
  } catch (error) {
    return { file, results: [], failure: error instanceof Error ? error.message : String(error) };
  }
}

function findingsIn(document: Document, around: Surroundings, { only, suppressions }: LintTask): readonly Diagnostic[] {
  const choices = only === undefined ? around.project.choices : onlyThese(only, around.project.choices);
  const options = { choices, beside: around.beside, suppressions };
  const slices = [...diagnosticSlices(document, surroundedHints(document, undefined, around), options)];
  const found = slices.flat().sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
  return only === undefined ? found : found.filter(({ code }) => only.includes(code));
}

/** Who names a rule wants it, whatever `chainwalk.yaml` says; its findings keep their severities. */
function onlyThese(codes: readonly string[], said: LintChoices): LintChoices {
  const silent = codes.flatMap((code) => findLintRule(code) ?? []).filter((rule) => !isSwitchedOn(rule, said));
  return mergeChoices({ ...NO_CHOICES, rules: new Map(silent.map(({ code, severity }) => [code, severity])) }, said);
}

function resultsOf(file: string, document: Document, found: readonly Diagnostic[]): readonly LintResult[] {
  const fingerprint = fingerprints(document);
  return found.map((diagnostic) => {
    const { span, severity, code, message, related, fixes, suppressed } = diagnostic;
    return {
      file,
      ...regionOf(document, span),
      severity,
      code,
      message,
      fingerprint: fingerprint(diagnostic),
      related: related.map((place) => ({ ...regionOf(document, place.span), message: place.message })),
      fixes: fixes.map(({ title, safe, edits }) => ({
        title,
        safe,
        edits: edits.map((edit) => ({ ...regionOf(document, edit.span), text: edit.text })),
      })),
      ...(suppressed ? { suppressed: { by: 'comment' as const, reason: suppressed.reason } } : {}),
    };
  });
}

function regionOf(document: Document, { start, end }: Span): Region {
  const from = placeOf(document, start);
  const to = placeOf(document, end);
  return { ...from, endLine: to.line, endColumn: to.column };
}

function placeOf(document: Document, offset: number): { readonly line: number; readonly column: number } {
  const { line, column } = placeAt(document, offset);
  return { line: line + 1, column: column + 1 };
}

const FINGERPRINT_LENGTH = 16;

/**
 * Of code, table and text of the line, without its counters and with single blanks: neither lines above nor traffic
 * change it. Of findings that are alike in all that, the second is told by being the second.
 */
function fingerprints(document: Document): (diagnostic: Diagnostic) => string {
  const seen = new Map<string, number>();
  return ({ code, span }) => {
    const number = lineAt(document, span.start);
    const table = blockAt(document.tree, number)?.table ?? '';
    const line = document.tree.lines[number]?.text ?? '';
    const plain = line
      .replace(/\[\d+:\d+\]/, '')
      .trim()
      .replaceAll(/\s+/g, ' ');
    const key = JSON.stringify([code, table, plain]);
    const before = seen.get(key) ?? 0;
    seen.set(key, before + 1);
    return createHash('sha256').update(`${key}${before}`).digest('hex').slice(0, FINGERPRINT_LENGTH);
  };
}
