/**
 * What the editor's features answer, as data: in a ruleset `$0` marks the cursor, and the answer stands after `---`.
 * The file's name says which feature is asked.
 */
import { join } from 'node:path';
import { describe } from 'vitest';
import { createDocument, type Document } from '../server/src/analysis/document';
import { readHints } from '../server/src/analysis/hints';
import { type ChainCall, callersOf, callsFrom, chainAt } from '../server/src/features/call-hierarchy';
import { codeActions } from '../server/src/features/code-actions';
import { codeLenses } from '../server/src/features/code-lens';
import { complete } from '../server/src/features/completion';
import { diagnosticSlices } from '../server/src/features/diagnostics';
import { hover } from '../server/src/features/hover';
import { inlayHints } from '../server/src/features/inlay-hints';
import { definition, references } from '../server/src/features/navigation';
import { renamable, rename } from '../server/src/features/rename';
import { selections } from '../server/src/features/selection';
import { semanticTokens } from '../server/src/features/semantic-tokens';
import { signature } from '../server/src/features/signature';
import { foldingSpans, type OutlineNode, outline } from '../server/src/features/structure';
import { applyEdits } from '../server/src/lint/finding';
import type { Span } from '../server/src/syntax/tree';
import { testExpectedAnswers } from './support/expected-answer';

type Feature = (document: Document, offset: number) => string;

const FEATURES: Readonly<Record<string, Feature>> = {
  hover: (document, offset) => {
    const found = hover(document, offset);
    return found ? `${textAt(document, found.span)}\n\n${found.markdown}` : 'nothing';
  },
  completion: (document, offset) => {
    const found = complete(document, offset);
    if (found === undefined) return 'nothing';
    const written = textAt(document, found.replaces);
    const items = found.items
      // As an editor does: what does not begin like the word is not shown.
      .filter(({ label }) => label.startsWith(written))
      .map(({ kind, label, text }) => `${kind} ${label}${text ? ` → ${text}` : ''}`);
    return [`replaces "${written}"`, ...items].join('\n');
  },
  navigation: (document, offset) => {
    const place = definition(document, offset);
    const uses = references(document, offset, true).map((span) => placeOf(document, span));
    return `definition ${place ? placeOf(document, place) : 'none'}\nreferences ${uses.join(' ') || 'none'}`;
  },
  rename: (document, offset) => {
    const found = renamable(document, offset);
    if (found === undefined) return 'nothing';
    const renamed = rename(document, offset, 'renamed');
    const text = 'refusal' in renamed ? renamed.refusal : applyEdits(document.text, renamed.edits);
    const refused = ['ACCEPT', 'a b', '-x', 'INPUT', 'x'.repeat(29)].map((name) => rename(document, offset, name));
    return [text, ...refused.map((one) => ('refusal' in one ? one.refusal : 'taken'))].join('\n');
  },
  selection: (document, offset) =>
    selections(document, offset)
      .map((span) => JSON.stringify(textAt(document, span)))
      .join('\n'),
  signature: (document, offset) => {
    const found = signature(document, offset);
    return found ? `${found.label}\n${found.parameter}\n\n${found.documentation}` : 'nothing';
  },
  'call-hierarchy': (document, offset) => {
    const item = chainAt(document, offset);
    if (item === undefined) return 'nothing';
    const show = (word: string) => (call: ChainCall) =>
      `${word} ${call.chain.name} at ${call.spans.map((span) => placeOf(document, span)).join(' ')}`;
    return [
      `${item.table} ${item.name} ${placeOf(document, item.nameSpan)}`,
      ...callersOf(document, offset).map(show('from')),
      ...callsFrom(document, offset).map(show('to')),
    ].join('\n');
  },
  'inlay-hints': (document) =>
    inlayHints(document, { start: 0, end: document.text.length })
      .map(({ offset, text }) => `${placeOf(document, { start: offset, end: offset })} ${text}`)
      .join('\n'),
  structure: (document) => {
    const folds = foldingSpans(document).map((span) => `fold ${placeOf(document, span)}`);
    return [...outline(document).flatMap((node) => printNode(document, node, '')), ...folds].join('\n');
  },
  'code-lens': (document) =>
    codeLenses(document)
      .map((lens) => `${placeOf(document, lens.span)} ${lens.kind}: ${lens.title}`)
      .join('\n'),
  'semantic-tokens': (document) =>
    semanticTokens(document)
      .map(({ lineNumber, start, length, type }) => {
        const text = document.tree.lines[lineNumber]?.text.slice(start, start + length);
        return `${lineNumber + 1}:${start + 1} ${text} ${type}`;
      })
      .join('\n'),
  diagnostics: (document) =>
    [...diagnosticSlices(document, readHints(document))]
      .flat()
      .map(({ span, severity, code, message }) => `${placeOf(document, span)} ${severity} ${code}: ${message}`)
      .join('\n'),
  'code-actions': (document, offset) => {
    const diagnostics = [...diagnosticSlices(document, readHints(document))].flat();
    return codeActions(document, diagnostics, { start: offset, end: offset })
      .map((action) =>
        action.kind === 'edit' ? `${action.title}\n\n${applyEdits(document.text, action.edits)}` : action.title,
      )
      .join('\n\n');
  },
};

function textAt({ text }: Document, { start, end }: Span): string {
  return text.slice(start, end);
}

/** `line:column-line:column`, from 1. */
function placeOf({ text }: Document, { start, end }: Span): string {
  const at = (offset: number) => {
    const before = text.slice(0, offset).split('\n');
    return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
  };
  return `${at(start)}-${at(end)}`;
}

function printNode(document: Document, node: OutlineNode, indent: string): readonly string[] {
  const place = `${placeOf(document, node.span)} name ${placeOf(document, node.nameSpan)}`;
  const line = `${indent}${node.kind} ${node.name} (${node.detail}) ${place}`;
  return [line, ...node.children.flatMap((child) => printNode(document, child, `${indent}  `))];
}

describe('features', () => {
  testExpectedAnswers(join(import.meta.dirname, 'data', 'features'), (input, file) => {
    const feature = FEATURES[file];
    if (feature === undefined) throw new Error(`${file}.txt asks for no feature`);
    const cursor = input.indexOf('$0');
    const offset = cursor === -1 ? 0 : cursor;
    return feature(createDocument(input.replace('$0', '')), offset);
  });
});
