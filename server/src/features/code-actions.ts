/** What an editor offers to do about diagnostics: the fixes that they carry, and to say that a finding is meant. */
import type { Document } from '../analysis/document';
import { lineStartOf } from '../analysis/text-lines';
import type { TextEdit } from '../lint/finding';
import { findLintRule } from '../lint/registry';
import type { Span } from '../syntax/tree';
import type { Diagnostic } from './diagnostics';

export interface Action {
  readonly title: string;
  readonly edits: readonly TextEdit[];
  readonly diagnostic: Diagnostic;
  /** The one to take where nobody asks. */
  readonly preferred: boolean;
}

/** @param span what is selected; a cursor that only touches a diagnostic counts. */
export function codeActions(document: Document, diagnostics: readonly Diagnostic[], span: Span): readonly Action[] {
  const touched = diagnostics.filter(({ span: { start, end } }) => start <= span.end && span.start <= end);
  const fixes = touched.flatMap((diagnostic) =>
    diagnostic.fixes.map(({ title, edits }, index) => ({ title, edits, diagnostic, preferred: index === 0 })),
  );
  return [...fixes, ...touched.flatMap((diagnostic) => suppression(document, diagnostic))];
}

/** Only lint can be told that it is wrong; what iptables refuses stays refused. */
function suppression(document: Document, diagnostic: Diagnostic): readonly Action[] {
  const { code, span } = diagnostic;
  if (findLintRule(code) === undefined) return [];
  const start = lineStartOf(document, span.start);
  const edit = { span: { start, end: start }, text: `# chainwalk-disable-next-line ${code}\n` };
  return [{ title: `Disable ${code} for this line`, edits: [edit], diagnostic, preferred: false }];
}
