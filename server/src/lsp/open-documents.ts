/** The documents that the editor has open, as it last told them. */
import type {
  DidChangeTextDocumentParams,
  TextDocumentContentChangeEvent,
  TextDocumentItem,
} from 'vscode-languageserver/node';
import { createDocument, type Document, editDocument, type TextChange } from '../analysis/document';
import { toSpan } from './convert';

export interface OpenDocument {
  readonly uri: string;
  readonly version: number;
  readonly document: Document;
}

export interface Edit {
  readonly before: Document;
  readonly after: Document;
  readonly change: TextChange;
}

export class OpenDocuments {
  readonly #byUri = new Map<string, OpenDocument>();

  open({ uri, version, text, languageId }: TextDocumentItem): void {
    const options = { fileName: fileName(uri), ...(languageId === 'shellscript' && { dialect: 'script' as const }) };
    this.#byUri.set(uri, { uri, version, document: createDocument(text, options) });
  }

  /** @returns what was done, one after the other */
  change({ textDocument: { uri, version }, contentChanges }: DidChangeTextDocumentParams): readonly Edit[] {
    let document = this.#byUri.get(uri)?.document;
    if (document === undefined) return [];
    const edits: Edit[] = [];
    for (const content of contentChanges) {
      const edit = editOf(document, content);
      edits.push(edit);
      document = edit.after;
    }
    this.#byUri.set(uri, { uri, version, document });
    return edits;
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

/** A change replaces the whole text, where the editor does not say what of it. */
function editOf(before: Document, content: TextDocumentContentChangeEvent): Edit {
  if (!('range' in content)) {
    const change = { start: 0, end: before.chunks.length, text: content.text };
    return { before, after: createDocument(content.text, before.options), change };
  }
  const change = { ...toSpan(before, content.range), text: content.text };
  return { before, after: editDocument(before, change), change };
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
