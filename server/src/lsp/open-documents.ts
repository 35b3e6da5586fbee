/** The documents that the editor has open, as it last told them. */
import type {
  DidChangeTextDocumentParams,
  TextDocumentContentChangeEvent,
  TextDocumentItem,
} from 'vscode-languageserver/node';
import { createDocument, type Document, editDocument } from '../analysis/document';
import { toSpan } from './convert';

export interface OpenDocument {
  readonly uri: string;
  readonly version: number;
  readonly document: Document;
}

export class OpenDocuments {
  readonly #byUri = new Map<string, OpenDocument>();

  open({ uri, version, text, languageId }: TextDocumentItem): void {
    const options = { fileName: fileName(uri), ...(languageId === 'shellscript' && { dialect: 'script' as const }) };
    this.#byUri.set(uri, { uri, version, document: createDocument(text, options) });
  }

  change({ textDocument: { uri, version }, contentChanges }: DidChangeTextDocumentParams): void {
    const before = this.#byUri.get(uri);
    if (before === undefined) return;
    this.#byUri.set(uri, { uri, version, document: contentChanges.reduce(applyChange, before.document) });
  }

  close(uri: string): void {
    this.#byUri.delete(uri);
  }

  get(uri: string): OpenDocument | undefined {
    return this.#byUri.get(uri);
  }

  all(): Iterable<OpenDocument> {
    return this.#byUri.values();
  }
}

function applyChange(document: Document, change: TextDocumentContentChangeEvent): Document {
  if (!('range' in change)) return createDocument(change.text, document.options);
  return editDocument(document, { ...toSpan(document, change.range), text: change.text });
}

/** The last part of a URI's path, which is all that guessing a family needs. */
function fileName(uri: string): string {
  const last = uri.slice(uri.lastIndexOf('/') + 1);
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
