/** `chainwalk.yaml` in the editor: what is wrong in it, and what may stand there. */
import * as lsp from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { completeProject } from '../project/complete-project';
import { PROJECT_FILE_NAME, readProjectFile } from '../project/project-file';
import type { Problem, Span } from '../syntax/tree';
import { completionItems, SEVERITIES } from './convert';

/** What an editor must send of it; the languages of rulesets are sent anyway. */
export const PROJECT_SELECTOR: lsp.TextDocumentFilter[] = [{ language: 'yaml', pattern: `**/${PROJECT_FILE_NAME}` }];

export function isProjectFile(uri: string): boolean {
  return uri.endsWith(`/${PROJECT_FILE_NAME}`);
}

export class ProjectDocuments {
  readonly #byUri = new Map<string, TextDocument>();

  open({ uri, languageId, version, text }: lsp.TextDocumentItem): void {
    this.#byUri.set(uri, TextDocument.create(uri, languageId, version, text));
  }

  change({ textDocument: { uri, version }, contentChanges }: lsp.DidChangeTextDocumentParams): void {
    const document = this.#byUri.get(uri);
    if (document) this.#byUri.set(uri, TextDocument.update(document, contentChanges, version));
  }

  close(uri: string): void {
    this.#byUri.delete(uri);
  }

  textOf(uri: string): string | undefined {
    return this.#byUri.get(uri)?.getText();
  }

  diagnostics(uri: string): lsp.PublishDiagnosticsParams {
    const document = this.#byUri.get(uri);
    const problems = document ? readProjectFile(document.getText()).problems : [];
    return {
      uri,
      ...(document ? { version: document.version } : {}),
      diagnostics: document ? problems.map((problem) => diagnosticOf(document, problem)) : [],
    };
  }

  completions(uri: string, position: lsp.Position): lsp.CompletionItem[] {
    const document = this.#byUri.get(uri);
    const found = document && completeProject(document.getText(), document.offsetAt(position));
    return document && found ? completionItems(found, rangeOf(document, found.replaces)) : [];
  }

  /** "Did you mean", for what the selection touches. */
  codeActions(uri: string, range: lsp.Range): lsp.CodeAction[] {
    const document = this.#byUri.get(uri);
    if (document === undefined) return [];
    const [start, end] = [document.offsetAt(range.start), document.offsetAt(range.end)];
    return readProjectFile(document.getText()).problems.flatMap((problem) => {
      const { suggestion, span } = problem;
      if (suggestion === undefined || span.start > end || span.end < start) return [];
      const edit = { range: rangeOf(document, span), newText: suggestion };
      return {
        title: `Replace with ${suggestion}`,
        kind: lsp.CodeActionKind.QuickFix,
        diagnostics: [diagnosticOf(document, problem)],
        isPreferred: true,
        edit: { changes: { [uri]: [edit] } },
      };
    });
  }
}

function diagnosticOf(document: TextDocument, { span, severity, code, message }: Problem): lsp.Diagnostic {
  return { range: rangeOf(document, span), severity: SEVERITIES[severity], source: 'chainwalk', code, message };
}

function rangeOf(document: TextDocument, { start, end }: Span): lsp.Range {
  return { start: document.positionAt(start), end: document.positionAt(end) };
}
