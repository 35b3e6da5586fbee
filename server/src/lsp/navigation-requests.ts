/** Where things are and how they hang together: definitions, highlights, renaming, callers, growing selections. */
import * as lsp from 'vscode-languageserver/node';
import type { Document } from '../analysis/document';
import { type ChainCall, type ChainItem, callersOf, callsFrom, chainAt } from '../features/call-hierarchy';
import { inlayHints } from '../features/inlay-hints';
import { definition, highlights, references } from '../features/navigation';
import { renamable, rename } from '../features/rename';
import { selections } from '../features/selection';
import { signature } from '../features/signature';
import { toOffset, toPosition, toRange, toSpan, toTextEdits } from './convert';
import { answering } from './in-document';
import type { Session } from './session';

export function answerNavigation(connection: lsp.Connection, session: Session): void {
  const { inDocument, atOffset } = answering(session);
  connection.onDefinition(
    atOffset(({ uri, document }, offset) => {
      const span = definition(document, offset);
      return span && { uri, range: toRange(document, span) };
    }),
  );
  connection.onReferences(
    atOffset(({ uri, document }, offset, { context }: lsp.ReferenceParams) =>
      references(document, offset, context.includeDeclaration).map((span) => ({ uri, range: toRange(document, span) })),
    ),
  );
  connection.onDocumentHighlight(
    atOffset(({ document }, offset) =>
      highlights(document, offset).map(({ span, makes }) => ({
        range: toRange(document, span),
        kind: makes ? lsp.DocumentHighlightKind.Write : lsp.DocumentHighlightKind.Read,
      })),
    ),
  );
  connection.onPrepareRename(
    atOffset(({ document }, offset) => {
      const found = renamable(document, offset);
      return found && { range: toRange(document, found.span), placeholder: found.name };
    }),
  );
  connection.onRenameRequest(
    atOffset(({ uri, document }, offset, { newName }: lsp.RenameParams) => {
      const renamed = rename(document, offset, newName);
      if ('refusal' in renamed) throw new lsp.ResponseError(lsp.LSPErrorCodes.RequestFailed, renamed.refusal);
      return { changes: { [uri]: toTextEdits(document, renamed.edits) } };
    }),
  );
  connection.onSelectionRanges(
    inDocument(({ document }, { positions }: lsp.SelectionRangeParams) =>
      positions.map((position) => toSelectionRange(document, toOffset(document, position))),
    ),
  );
  connection.onSignatureHelp(
    atOffset(({ document }, offset) => {
      const found = signature(document, offset);
      if (found === undefined) return undefined;
      const documentation = { kind: lsp.MarkupKind.Markdown, value: found.documentation };
      const one = { label: found.label, documentation, parameters: [{ label: found.parameter }] };
      return { signatures: [one], activeSignature: 0, activeParameter: 0 };
    }),
  );
  connection.languages.inlayHint.on(
    inDocument(({ uri, document }, { range }: lsp.InlayHintParams) =>
      session.showsInlayHints(uri)
        ? inlayHints(document, toSpan(document, range)).map(({ offset, text }) => ({
            position: toPosition(document, offset),
            label: text,
            paddingLeft: true,
          }))
        : [],
    ),
  );
  answerCallHierarchy(connection, session);
}

function answerCallHierarchy(connection: lsp.Connection, session: Session): void {
  const { atOffset } = answering(session);
  connection.languages.callHierarchy.onPrepare(
    atOffset(({ uri, document }, offset) => {
      const item = chainAt(document, offset);
      return item && [toItem(document, uri, item)];
    }),
  );
  const callsOf = (
    { uri, selectionRange }: lsp.CallHierarchyItem,
    find: (document: Document, offset: number) => readonly ChainCall[],
  ) => {
    const document = session.served(uri)?.document;
    const calls = document ? find(document, toOffset(document, selectionRange.start)) : [];
    return calls.flatMap(({ chain, spans }) =>
      document
        ? [{ item: toItem(document, uri, chain), fromRanges: spans.map((span) => toRange(document, span)) }]
        : [],
    );
  };
  connection.languages.callHierarchy.onIncomingCalls(({ item }) =>
    callsOf(item, callersOf).map(({ item: from, fromRanges }) => ({ from, fromRanges })),
  );
  connection.languages.callHierarchy.onOutgoingCalls(({ item }) =>
    callsOf(item, callsFrom).map(({ item: to, fromRanges }) => ({ to, fromRanges })),
  );
}

function toItem(document: Document, uri: string, { name, table, span, nameSpan }: ChainItem): lsp.CallHierarchyItem {
  return {
    name,
    detail: table,
    kind: lsp.SymbolKind.Function,
    uri,
    range: toRange(document, span),
    selectionRange: toRange(document, nameSpan),
  };
}

function toSelectionRange(document: Document, offset: number): lsp.SelectionRange {
  const [first, ...larger] = selections(document, offset).map((span) => toRange(document, span));
  const here = { start: toPosition(document, offset), end: toPosition(document, offset) };
  const parent = larger.reduceRight<lsp.SelectionRange | undefined>(
    (outer, range) => (outer ? { range, parent: outer } : { range }),
    undefined,
  );
  return parent ? { range: first ?? here, parent } : { range: first ?? here };
}
