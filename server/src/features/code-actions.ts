/** What an editor offers to do about diagnostics: the fixes that they carry. */
import type { TextEdit } from '../lint/finding';
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
export function codeActions(diagnostics: readonly Diagnostic[], span: Span): readonly Action[] {
  return diagnostics
    .filter((diagnostic) => diagnostic.span.start <= span.end && span.start <= diagnostic.span.end)
    .flatMap((diagnostic) =>
      diagnostic.fixes.map(({ title, edits }, index) => ({ title, edits, diagnostic, preferred: index === 0 })),
    );
}
