/** What an editor offers to do about diagnostics: the fixes that they carry, to look at their proof, to say that they are meant. */
import type { Document } from '../analysis/document';
import { lineStartOf } from '../analysis/text-lines';
import type { Fix, TextEdit } from '../lint/finding';
import { editsOf, fixesTogether, fixSafely } from '../lint/fix-all';
import { findRefusal } from '../lint/refusals/registry';
import { findLintRule } from '../lint/registry';
import type { Span } from '../syntax/tree';
import type { Diagnostic } from './diagnostics';

export type Action = EditAction | CommandAction;

export interface EditAction {
  readonly kind: 'edit';
  readonly title: string;
  readonly edits: readonly ActionEdit[];
  readonly diagnostics: readonly Diagnostic[];
  /** The one to take where nobody asks. */
  readonly preferred: boolean;
  /** Many changes at once that are to be looked at: the editor shows them before it makes them. */
  readonly needsConfirmation?: true;
}

export interface ActionEdit extends TextEdit {
  /** What an editor that can do so selects in the text, to be written over. */
  readonly placeholder?: string;
}

/** `trace`: the simulation panel on the diagnostic's witness. `explain`: the page of its lint rule. */
export interface CommandAction {
  readonly kind: 'trace' | 'explain';
  readonly title: string;
  readonly diagnostic: Diagnostic;
}

/** @param span what is selected; a cursor that only touches a diagnostic counts. */
export function codeActions(document: Document, diagnostics: readonly Diagnostic[], span: Span): readonly Action[] {
  const touched = diagnostics.filter(({ span: { start, end } }) => start <= span.end && span.start <= end);
  const codes = new Set(touched.map(({ code }) => code));
  return [
    ...touched.flatMap(fixActions),
    ...[...codes].flatMap((code) => fixAllOfCode(diagnostics.filter((one) => one.code === code))),
    ...touched.flatMap(traceAction),
    ...touched.flatMap((diagnostic) => suppressions(document, diagnostic)),
    ...touched
      .filter((one, index) => index === touched.findIndex(({ code }) => code === one.code))
      .flatMap(explainAction),
  ];
}

/**
 * One edit that makes the safe fixes of the whole text, again until none is left; undefined where there are none.
 *
 * @param lint what is found in a text, at first and after each round
 */
export function fixAllEdit(
  document: Document,
  lint: (document: Document) => readonly Diagnostic[],
): TextEdit | undefined {
  const fixed = fixSafely(document, lint);
  return fixed.count === 0 ? undefined : difference(document.text, fixed.document.text);
}

function fixActions(diagnostic: Diagnostic): readonly Action[] {
  return diagnostic.fixes.map(({ title, edits }, index) => ({
    kind: 'edit',
    title,
    edits,
    diagnostics: [diagnostic],
    preferred: index === 0,
  }));
}

/** The first fix of each, as far as they go together. */
function fixAllOfCode(diagnostics: readonly Diagnostic[]): readonly Action[] {
  const first = diagnostics.flatMap(({ fixes: [fix] }): readonly Fix[] => (fix ? [fix] : []));
  const fixes = fixesTogether(first);
  if (fixes.length < 2) return [];
  const [{ code } = { code: '' }] = diagnostics;
  const isSafe = fixes.every(({ safe }) => safe);
  return [
    {
      kind: 'edit',
      title: `Fix ${fixes.length} of ${code} in this file`,
      edits: editsOf(fixes),
      diagnostics,
      preferred: false,
      ...(isSafe ? {} : { needsConfirmation: true }),
    },
  ];
}

function traceAction(diagnostic: Diagnostic): readonly Action[] {
  return diagnostic.witness ? [{ kind: 'trace', title: 'Trace the witness', diagnostic }] : [];
}

function explainAction(diagnostic: Diagnostic): readonly Action[] {
  const { code } = diagnostic;
  const isExplained = findLintRule(code) !== undefined || findRefusal(code) !== undefined;
  return isExplained ? [{ kind: 'explain', title: `Explain ${code}`, diagnostic }] : [];
}

const REASON = 'why it is right here';

/** Only lint can be told that it is wrong; what iptables refuses stays refused. */
function suppressions(document: Document, diagnostic: Diagnostic): readonly Action[] {
  const { code, span } = diagnostic;
  if (findLintRule(code) === undefined) return [];
  const disable = (where: string, word: string, start: number): Action => {
    const text = `# chainwalk-${word} ${code} -- ${REASON}\n`;
    const edit = { span: { start, end: start }, text, placeholder: REASON };
    const title = `Disable ${code} for this ${where}`;
    return { kind: 'edit', title, edits: [edit], diagnostics: [diagnostic], preferred: false };
  };
  return [
    disable('line', 'disable-next-line', lineStartOf(document, span.start)),
    disable('file', 'disable-file', document.text.startsWith('#!') ? document.text.indexOf('\n') + 1 : 0),
  ];
}

/** The smallest edit that makes one text of the other. */
function difference(before: string, after: string): TextEdit {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start += 1;
  let tail = 0;
  while (tail < most - start && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  return { span: { start, end: before.length - tail }, text: after.slice(start, after.length - tail) };
}
