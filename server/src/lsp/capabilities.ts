/** What the server tells the editor that it can do. */
import { CodeActionKind, type ServerCapabilities, TextDocumentSyncKind } from 'vscode-languageserver/node';
import { SEMANTIC_TOKEN_TYPES } from '../features/semantic-tokens';
import { FIX_ALL } from './convert-actions';

const CAPABILITIES: ServerCapabilities = {
  textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
  hoverProvider: true,
  completionProvider: { triggerCharacters: [' ', '-', '*', ':', ',', '='] },
  definitionProvider: true,
  referencesProvider: true,
  documentHighlightProvider: true,
  renameProvider: { prepareProvider: true },
  callHierarchyProvider: true,
  selectionRangeProvider: true,
  signatureHelpProvider: { triggerCharacters: [' ', ','] },
  inlayHintProvider: true,
  documentSymbolProvider: true,
  foldingRangeProvider: true,
  codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, FIX_ALL] },
  codeLensProvider: {},
  semanticTokensProvider: { legend: { tokenTypes: [...SEMANTIC_TOKEN_TYPES], tokenModifiers: [] }, full: true },
};

/** @param registersFormatting the client lets formatting be registered for some languages only */
export function capabilitiesFor(registersFormatting: boolean): ServerCapabilities {
  if (registersFormatting) return CAPABILITIES;
  return { ...CAPABILITIES, documentFormattingProvider: true, documentRangeFormattingProvider: true };
}
