/** Format Document and Format Selection: the ruleset as iptables-save would print it, or nothing where it is not understood. */
import type { Document } from '../analysis/document';
import { lineAt } from '../analysis/document';
import { format } from '../analysis/format';
import type { TextEdit } from '../lint/finding';
import type { Span } from '../syntax/tree';

/** @param selection the lines that it touches are formatted, and nothing else is */
export function formatEdits(document: Document, selection?: Span): readonly TextEdit[] {
  const lines = selection && touchedLines(document, selection);
  const formatted = format(document, { inPlace: true, ...(lines && { lines }) });
  if (formatted.kind === 'refused') return [];
  return formatted.edits.map(({ start, end, text }) => ({
    span: { start: offsetOf(document, start), end: offsetOf(document, end) },
    text,
  }));
}

/** A selection that ends before a line's first character does not touch that line. */
function touchedLines(document: Document, { start, end }: Span): { readonly start: number; readonly end: number } {
  const first = lineAt(document, start);
  const last = lineAt(document, end);
  const isBefore = last > first && document.lineStarts[last] === end;
  return { start: first, end: isBefore ? last : last + 1 };
}

function offsetOf({ lineStarts, text }: Document, line: number): number {
  return lineStarts[line] ?? text.length;
}
