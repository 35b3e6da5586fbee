/** Diagnostics after an edit, before the whole file has been looked at again: the lines that it touches are new. */
import { checkLine } from '../analysis/check-line';
import { type Document, lineAt, type TextChange } from '../analysis/document';
import type { Span } from '../syntax/tree';
import { type Diagnostic, diagnosticOf } from './diagnostics';

/** A larger edit is a file of its own: it waits for the whole to be looked at. */
const MOST_LINES = 20;

/** `after` is `before` with the change made. */
export interface Edited {
  readonly before: Document;
  readonly after: Document;
  readonly change: TextChange;
}

/**
 * What was known before, moved to its new places, without the touched lines; and what these show by themselves.
 *
 * @param known the diagnostics of the document before
 */
export function editedDiagnostics(
  known: readonly Diagnostic[],
  { before, after, change }: Edited,
): readonly Diagnostic[] {
  if (before.tree.family !== after.tree.family) return [];
  const first = lineAt(before, change.start);
  const touched = {
    start: before.chunks.startOf(first),
    end: before.chunks.startOf(lineAt(before, change.end) + 1),
  };
  const move = mover(touched, change.text.length - (change.end - change.start));
  const last = lineAt(after, change.start + change.text.length);
  return [...known.flatMap((one) => moved(one, move)), ...lineDiagnostics(after, first, last)];
}

function lineDiagnostics(document: Document, first: number, last: number): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  for (let number = first; number <= Math.min(last, first + MOST_LINES); number += 1) {
    for (const problem of checkLine(document, number)) {
      found.push(diagnosticOf(document, { ...problem, line: number }));
    }
  }
  return found;
}

/** A span's place after the edit; undefined where the edit touches its lines. */
type Mover = (span: Span) => Span | undefined;

function mover(touched: Span, by: number): Mover {
  return (span) => {
    if (span.end < touched.start || (span.end === touched.start && span.start < touched.start)) return span;
    if (span.start < touched.end) return undefined;
    return { start: span.start + by, end: span.end + by };
  };
}

/** A diagnostic keeps those of its other places and fixes that the edit leaves alone. */
function moved(diagnostic: Diagnostic, move: Mover): readonly Diagnostic[] {
  const span = move(diagnostic.span);
  if (span === undefined) return [];
  const related = diagnostic.related.flatMap((place) => {
    const moved = move(place.span);
    return moved ? [{ ...place, span: moved }] : [];
  });
  const fixes = diagnostic.fixes.flatMap((fix) => {
    const edits = fix.edits.flatMap((edit) => {
      const moved = move(edit.span);
      return moved ? [{ ...edit, span: moved }] : [];
    });
    return edits.length < fix.edits.length ? [] : [{ ...fix, edits }];
  });
  return [{ ...diagnostic, span, related, fixes }];
}
