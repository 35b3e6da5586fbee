/** Many fixes at once: which of them do not disturb each other, and safe ones until none is left. */
import type { Document } from '../analysis/document';
import { editDocument } from '../analysis/document';
import type { Finding, Fix, TextEdit } from './finding';

/** A ruleset that still has something to fix after so many rounds would go round in circles. */
const MOST_ROUNDS = 10;

/** Fixes to be made together, whole or not at all: those that come first in the order of the findings stay. */
export function fixesTogether(fixes: readonly Fix[]): readonly Fix[] {
  const taken: Fix[] = [];
  const edits: TextEdit[] = [];
  for (const fix of fixes) {
    if (fix.edits.some((edit) => edits.some((other) => disturb(edit, other)))) continue;
    taken.push(fix);
    edits.push(...fix.edits);
  }
  return taken;
}

/** The edits of fixes that do not disturb each other, in the order of the text. */
export function editsOf(fixes: readonly Fix[]): readonly TextEdit[] {
  return fixes.flatMap(({ edits }) => edits).sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
}

/** The first safe fix of each finding, as far as they go together. */
export function safeFixes(findings: readonly Finding[]): readonly Fix[] {
  const offered = findings.flatMap(({ fixes, suppressed }) => {
    const safe = suppressed === undefined ? fixes.find((fix) => fix.safe) : undefined;
    return safe ? [safe] : [];
  });
  return fixesTogether(offered);
}

export interface Fixed {
  readonly document: Document;
  /** How many fixes were made. */
  readonly count: number;
}

/**
 * Makes the safe fixes, looks again, and so on until there is none left.
 *
 * @param findingsOf what the linter says to a document
 */
export function fixSafely(document: Document, findingsOf: (document: Document) => readonly Finding[]): Fixed {
  let fixed: Fixed = { document, count: 0 };
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const fixes = safeFixes(findingsOf(fixed.document));
    if (fixes.length === 0) break;
    // From the end to the beginning, so that no edit moves another.
    const changed = editsOf(fixes).reduceRight(
      (before, { span, text }) => editDocument(before, { ...span, text }),
      fixed.document,
    );
    fixed = { document: changed, count: fixed.count + fixes.length };
  }
  return fixed;
}

/** Two edits of overlapping text; and an insertion where another edit ends or begins, since their order would be a guess. */
function disturb({ span: a }: TextEdit, { span: b }: TextEdit): boolean {
  const touches = a.start <= b.end && b.start <= a.end;
  const hasInsertion = a.start === a.end || b.start === b.end;
  return hasInsertion ? touches : a.start < b.end && b.start < a.end;
}
