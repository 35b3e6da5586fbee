/** Requests about a document that is open, and about a position in it. */
import type * as lsp from 'vscode-languageserver/node';
import { toOffset } from './convert';
import type { OpenDocument } from './open-documents';
import type { Session } from './session';

interface AboutDocument {
  readonly textDocument: { readonly uri: string };
}

export interface Answering {
  /** Answers null for a document that is not open. */
  inDocument<P extends AboutDocument, R>(answer: (open: OpenDocument, params: P) => R): (params: P) => R | null;
  /** …and for a position in it. */
  atOffset<P extends lsp.TextDocumentPositionParams, R>(
    answer: (open: OpenDocument, offset: number, params: P) => R | undefined,
  ): (params: P) => R | null;
}

export function answering(session: Session): Answering {
  const inDocument: Answering['inDocument'] = (answer) => (params) => {
    const open = session.served(params.textDocument.uri);
    return open ? answer(open, params) : null;
  };
  return {
    inDocument,
    atOffset: (answer) =>
      inDocument((open, params) => answer(open, toOffset(open.document, params.position), params) ?? null),
  };
}
