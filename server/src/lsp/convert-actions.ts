/** Code actions between features/ and LSP: edits with their annotations and snippets, and commands of the client. */
import * as lsp from 'vscode-languageserver/node';
import type { Document } from '../analysis/document';
import type { Action, ActionEdit, CommandAction, EditAction } from '../features/code-actions';
import type { Diagnostic } from '../features/diagnostics';
import type { TextEdit } from '../lint/finding';
import type { PageAddresses } from '../lint/page-address';
import { toDiagnostic, toRange } from './convert';
import type { OpenDocument } from './open-documents';
import { EXPLAIN_COMMAND, TRACE_COMMAND, type TraceFrom } from './protocol';

/** What fixes everything that is safe, on request or on save. */
export const FIX_ALL = `${lsp.CodeActionKind.SourceFixAll}.chainwalk`;

/** What the editor can do with an edit. */
export interface EditAbilities {
  readonly annotations: boolean;
  readonly snippets: boolean;
}

export function editAbilities({ workspace }: lsp.ClientCapabilities): EditAbilities {
  const edit = workspace?.workspaceEdit;
  return {
    annotations: edit?.documentChanges === true && edit.changeAnnotationSupport !== undefined,
    snippets: edit?.documentChanges === true && edit.snippetEditSupport === true,
  };
}

export interface ActionWorld {
  readonly abilities: EditAbilities;
  readonly pages: PageAddresses;
  /** A diagnostic among those that were sent last. */
  indexOf(diagnostic: Diagnostic): number;
}

export function toCodeAction(open: OpenDocument, action: Action, world: ActionWorld): lsp.CodeAction {
  return action.kind === 'edit' ? editAction(open, action, world) : commandAction(open, action, world);
}

export function fixAllAction({ uri, document }: OpenDocument, edit: TextEdit): lsp.CodeAction {
  const changes = { [uri]: [{ range: toRange(document, edit.span), newText: edit.text }] };
  return { title: 'Fix all that is safe to fix', kind: FIX_ALL, edit: { changes } };
}

function editAction(open: OpenDocument, action: EditAction, { abilities, pages }: ActionWorld): lsp.CodeAction {
  return {
    title: action.title,
    kind: lsp.CodeActionKind.QuickFix,
    diagnostics: action.diagnostics.map((diagnostic) => toDiagnostic(open, diagnostic, pages)),
    isPreferred: action.preferred,
    edit: workspaceEdit(open, action, abilities),
  };
}

const CONFIRM = 'confirm';

function workspaceEdit(
  { uri, version, document }: OpenDocument,
  { title, edits, needsConfirmation }: EditAction,
  { annotations, snippets }: EditAbilities,
): lsp.WorkspaceEdit {
  const plain = edits.map(({ span, text }) => ({ range: toRange(document, span), newText: text }));
  const textDocument = { uri, version };
  if (needsConfirmation && annotations) {
    const description = 'To be looked at: each lets packets fare otherwise.';
    return {
      documentChanges: [{ textDocument, edits: plain.map((edit) => ({ ...edit, annotationId: CONFIRM })) }],
      changeAnnotations: { [CONFIRM]: { label: title, needsConfirmation, description } },
    };
  }
  if (snippets && edits.some(({ placeholder }) => placeholder !== undefined)) {
    return { documentChanges: [{ textDocument, edits: edits.map((edit) => snippetEdit(document, edit)) }] };
  }
  return { changes: { [uri]: plain } };
}

function snippetEdit(document: Document, { span, text, placeholder }: ActionEdit): lsp.TextEdit | lsp.SnippetTextEdit {
  const range = toRange(document, span);
  if (placeholder === undefined) return { range, newText: text };
  const at = text.lastIndexOf(placeholder);
  const [before, after] = [text.slice(0, at), text.slice(at + placeholder.length)];
  const value = `${escaped(before)}\${1:${escaped(placeholder)}}${escaped(after)}`;
  return { range, snippet: { kind: 'snippet', value } };
}

/** What a snippet would read as its own. */
function escaped(text: string): string {
  return text.replace(/[\\$}]/g, (sign) => `\\${sign}`);
}

function commandAction(
  open: OpenDocument,
  { kind, title, diagnostic }: CommandAction,
  { indexOf, pages }: ActionWorld,
): lsp.CodeAction {
  const { uri, version } = open;
  const from: TraceFrom = { finding: { version, index: indexOf(diagnostic) } };
  const command =
    kind === 'trace'
      ? { title, command: TRACE_COMMAND, arguments: [uri, from] }
      : { title, command: EXPLAIN_COMMAND, arguments: [diagnostic.code] };
  return { title, kind: lsp.CodeActionKind.QuickFix, diagnostics: [toDiagnostic(open, diagnostic, pages)], command };
}
