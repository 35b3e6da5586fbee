/** Between features/, which speak offsets, and LSP, which speaks lines and UTF-16: the only place that knows both. */
import * as lsp from 'vscode-languageserver/node';
import type { Document } from '../analysis/document';
import { offsetOf, placeAt } from '../analysis/text-lines';
import type { Lens } from '../features/code-lens';
import type { Completion, Completions } from '../features/completion';
import type { Diagnostic } from '../features/diagnostics';
import type { Hover } from '../features/hover';
import { SEMANTIC_TOKEN_TYPES, type SemanticToken } from '../features/semantic-tokens';
import type { OutlineNode } from '../features/structure';
import type { TextEdit } from '../lint/finding';
import type { PageAddresses } from '../lint/page-address';
import type { Span } from '../syntax/tree';
import type { OpenDocument } from './open-documents';
import { TRACE_COMMAND } from './protocol';

export function toPosition(document: Document, offset: number): lsp.Position {
  const { line, column } = placeAt(document, offset);
  return { line, character: column };
}

export function toRange(document: Document, { start, end }: Span): lsp.Range {
  return { start: toPosition(document, start), end: toPosition(document, end) };
}

/** A position beyond a line's end means its end, and one beyond the last line the end of the text (LSP, Position). */
export function toOffset(document: Document, { line, character }: lsp.Position): number {
  return offsetOf(document, { line, column: character });
}

export function toSpan(document: Document, { start, end }: lsp.Range): Span {
  return { start: toOffset(document, start), end: toOffset(document, end) };
}

/** Plain data and no link: what an editor makes of it can run nothing. */
function markdown(value: string): lsp.MarkupContent {
  return { kind: lsp.MarkupKind.Markdown, value };
}

export function toHover(document: Document, hover: Hover): lsp.Hover {
  return { contents: markdown(hover.markdown), range: toRange(document, hover.span) };
}

export const SEVERITIES: Readonly<Record<Diagnostic['severity'], lsp.DiagnosticSeverity>> = {
  error: lsp.DiagnosticSeverity.Error,
  warning: lsp.DiagnosticSeverity.Warning,
  information: lsp.DiagnosticSeverity.Information,
  hint: lsp.DiagnosticSeverity.Hint,
};

/** A message may quote a word, and a word of a binary file may be long. */
const LONGEST_MESSAGE = 1_000;

export function toDiagnostic(
  { uri, document }: Pick<OpenDocument, 'uri' | 'document'>,
  { span, severity, code, message, related }: Diagnostic,
  pages: PageAddresses,
): lsp.Diagnostic {
  const page = pages(code);
  return {
    range: toRange(document, span),
    severity: SEVERITIES[severity],
    source: 'chainwalk',
    code,
    ...(page === undefined ? {} : { codeDescription: { href: page } }),
    message: message.slice(0, LONGEST_MESSAGE),
    relatedInformation: related.map((place) => ({
      location: { uri, range: toRange(document, place.span) },
      message: place.message.slice(0, LONGEST_MESSAGE),
    })),
  };
}

function toTextEdit(document: Document, { span, text }: TextEdit): lsp.TextEdit {
  return { range: toRange(document, span), newText: text };
}

export function toTextEdits(document: Document, edits: readonly TextEdit[]): lsp.TextEdit[] {
  return edits.map((edit) => toTextEdit(document, edit));
}

export function toCodeLens(document: Document, uri: string, lens: Lens): lsp.CodeLens {
  const command =
    lens.kind === 'trace'
      ? { title: lens.title, command: TRACE_COMMAND, arguments: [uri, { chain: lens.chain }] }
      : { title: lens.title, command: '' };
  return { range: toRange(document, lens.span), command };
}

const COMPLETION_KINDS: Readonly<Record<Completion['kind'], lsp.CompletionItemKind>> = {
  table: lsp.CompletionItemKind.Module,
  chain: lsp.CompletionItemKind.Function,
  policy: lsp.CompletionItemKind.EnumMember,
  command: lsp.CompletionItemKind.Keyword,
  match: lsp.CompletionItemKind.Class,
  target: lsp.CompletionItemKind.Event,
  option: lsp.CompletionItemKind.Property,
  value: lsp.CompletionItemKind.Value,
  hint: lsp.CompletionItemKind.Property,
};

export function toCompletionList(document: Document, completions: Completions): lsp.CompletionList {
  const items = completionItems(completions, toRange(document, completions.replaces));
  return { isIncomplete: completions.isCut === true, items };
}

/** @param range what an item replaces */
export function completionItems({ items }: Completions, range: lsp.Range): lsp.CompletionItem[] {
  return items.map((item, index) => ({
    label: item.label,
    kind: COMPLETION_KINDS[item.kind],
    detail: item.detail,
    ...(item.documentation === '' ? {} : { documentation: markdown(item.documentation) }),
    // Editors sort by text: the order of the declarations says what is likelier.
    sortText: String(index).padStart(5, '0'),
    filterText: item.label,
    textEdit: { range, newText: item.text ?? item.label },
  }));
}

const SYMBOL_KINDS: Readonly<Record<OutlineNode['kind'], lsp.SymbolKind>> = {
  table: lsp.SymbolKind.Module,
  chain: lsp.SymbolKind.Function,
  rule: lsp.SymbolKind.Field,
};

export function toDocumentSymbol(document: Document, node: OutlineNode): lsp.DocumentSymbol {
  return {
    name: node.name,
    detail: node.detail,
    kind: SYMBOL_KINDS[node.kind],
    range: toRange(document, node.span),
    selectionRange: toRange(document, node.nameSpan),
    children: node.children.map((child) => toDocumentSymbol(document, child)),
  };
}

export function toFoldingRange(document: Document, { start, end }: Span): lsp.FoldingRange {
  return {
    startLine: placeAt(document, start).line,
    endLine: placeAt(document, end).line,
    kind: lsp.FoldingRangeKind.Region,
  };
}

/** Five numbers a token, each place relative to the one before (LSP, SemanticTokens). */
export function toSemanticTokens(tokens: readonly SemanticToken[]): lsp.SemanticTokens {
  const builder = new lsp.SemanticTokensBuilder();
  for (const { lineNumber, start, length, type } of tokens) {
    builder.push(lineNumber, start, length, SEMANTIC_TOKEN_TYPES.indexOf(type), 0);
  }
  return builder.build();
}
