/** The language server: one line for each request, all of it answered by features/. */
import * as lsp from 'vscode-languageserver/node';
import { isRecord } from '../analysis/host-setting';
import { codeLenses } from '../features/code-lens';
import { complete } from '../features/completion';
import type { Diagnostic } from '../features/diagnostics';
import { formatEdits } from '../features/format';
import { hover } from '../features/hover';
import { semanticTokens } from '../features/semantic-tokens';
import { simulate } from '../features/simulation';
import { foldingSpans, outline } from '../features/structure';
import { pagesInEditor } from '../lint/page-address';
import { pathOfUri, type ReadText, readTextFile, uriOfPath } from '../surroundings/read-text';
import { readSurroundings } from '../surroundings/surroundings';
import { capabilitiesFor } from './capabilities';
import {
  toCodeLens,
  toCompletionList,
  toDiagnostic,
  toDocumentSymbol,
  toFoldingRange,
  toHover,
  toSemanticTokens,
  toSpan,
  toTextEdits,
} from './convert';
import { editAbilities } from './convert-actions';
import { createDiagnosticsRun } from './diagnostics-run';
import { answering } from './in-document';
import { answerLintRequests } from './lint-requests';
import type { LintThread } from './lint-thread';
import { answerNavigation } from './navigation-requests';
import type { OpenDocument } from './open-documents';
import { isProjectFile, PROJECT_SELECTOR } from './project-documents';
import { SIMULATE, type SimulateAnswer, type SimulateParams } from './protocol';
import { Session } from './session';
import { NO_SETTINGS, readSettings, type Settings } from './settings';

export function startServer(connection: lsp.Connection, thread: LintThread): void {
  let asksForSettings = false;
  let takesRegistrations = false;
  const settingsOf = async (scopeUri: string): Promise<Settings> => {
    if (!asksForSettings) return NO_SETTINGS;
    return readSettings(await connection.workspace.getConfiguration({ scopeUri, section: 'chainwalk' }));
  };
  const session: Session = new Session({
    settingsOf,
    surroundingsOf: (uri, document) =>
      readSurroundings(
        pathOfUri(uri),
        document,
        openOrFile(() => session),
      ),
  });

  let registersFormatting = false;
  connection.onInitialize(({ capabilities, initializationOptions }) => {
    const { pageScheme } = isRecord(initializationOptions) ? initializationOptions : {};
    if (typeof pageScheme === 'string') session.pagesInEditor = pagesInEditor(pageScheme);
    asksForSettings = capabilities.workspace?.configuration === true;
    takesRegistrations = capabilities.textDocument?.synchronization?.dynamicRegistration === true;
    session.editAbilities = editAbilities(capabilities);
    registersFormatting = capabilities.textDocument?.formatting?.dynamicRegistration === true;
    return { capabilities: capabilitiesFor(registersFormatting), serverInfo: { name: 'chainwalk' } };
  });
  connection.onInitialized(() => {
    if (registersFormatting) registerFormatting(connection);
    if (asksForSettings) void connection.client.register(lsp.DidChangeConfigurationNotification.type, undefined);
    if (takesRegistrations) void registerProjectFiles(connection);
  });
  listenToEdits(connection, session, thread);
  answerRequests(connection, session);
  answerLintRequests(connection, session, thread);
  connection.onShutdown(() => thread.stop());
  connection.listen();
}

/** For rulesets alone: shell scripts have formatters of their own. */
function registerFormatting(connection: lsp.Connection): void {
  const options = { documentSelector: [{ language: 'iptables' }] };
  void connection.client.register(lsp.DocumentFormattingRequest.type, options);
  void connection.client.register(lsp.DocumentRangeFormattingRequest.type, options);
}

function listenToEdits(connection: lsp.Connection, session: Session, thread: LintThread): void {
  const { documents, projects } = session;
  const publish = (open: OpenDocument, found: readonly Diagnostic[]) => {
    const { uri, version } = open;
    const pages = session.pagesOf(uri);
    const diagnostics = found.map((diagnostic) => toDiagnostic(open, diagnostic, pages));
    void connection.sendDiagnostics({ uri, version, diagnostics });
  };
  const diagnostics = createDiagnosticsRun<Diagnostic>({
    slices: (uri) => session.problemSlices(uri),
    elsewhere: async (uri, signal) => {
      const question = session.lintQuestion(uri);
      return question && thread.ask(question, signal);
    },
    publish: (uri, found) => {
      const open = documents.get(uri);
      if (open === undefined) return;
      session.remember(open, found);
      publish(open, found);
    },
    reportFailure: (failure) => connection.console.error(String(failure)),
  });
  const refresh = async (uri: string) => {
    await session.refresh(uri).catch((failure) => connection.console.error(String(failure)));
    if (documents.get(uri)) diagnostics.schedule(uri);
  };

  const checkProject = (uri: string) => void connection.sendDiagnostics(projects.diagnostics(uri));
  connection.onDidOpenTextDocument(async ({ textDocument }) => {
    if (isProjectFile(textDocument.uri)) {
      projects.open(textDocument);
      return checkProject(textDocument.uri);
    }
    documents.open(textDocument);
    await refresh(textDocument.uri);
  });
  connection.onDidChangeTextDocument((change) => {
    const { uri } = change.textDocument;
    if (isProjectFile(uri)) {
      projects.change(change);
      return checkProject(uri);
    }
    const found = session.change(change);
    const open = documents.get(uri);
    if (open && found) publish(open, found);
    diagnostics.schedule(uri);
  });
  connection.onDidCloseTextDocument(({ textDocument: { uri } }) => {
    diagnostics.forget(uri);
    projects.close(uri);
    session.close(uri);
    void connection.sendDiagnostics({ uri, diagnostics: [] });
  });
  const refreshAll = async () => {
    await Promise.all([...documents.all()].map(({ uri }) => refresh(uri)));
  };
  connection.onDidChangeConfiguration(refreshAll);
  connection.onDidChangeWatchedFiles(refreshAll);
}

function answerRequests(connection: lsp.Connection, session: Session): void {
  const { inDocument, atOffset } = answering(session);
  connection.onHover(
    atOffset(({ document }, offset) => {
      const found = hover(document, offset);
      return found && toHover(document, found);
    }),
  );
  const completeRuleset = atOffset(({ document }, offset) => {
    const found = complete(document, offset);
    return found && toCompletionList(document, found);
  });
  connection.onCompletion((params) => {
    const { uri } = params.textDocument;
    return isProjectFile(uri) ? session.projects.completions(uri, params.position) : completeRuleset(params);
  });
  answerNavigation(connection, session);
  connection.onDocumentSymbol(
    inDocument(({ document }) => outline(document).map((node) => toDocumentSymbol(document, node))),
  );
  connection.onFoldingRanges(
    // Of a script there is nothing to say, and an empty answer would keep the editor from folding by indentation.
    inDocument(({ document }) =>
      document.dialect === 'script' ? null : foldingSpans(document).map((span) => toFoldingRange(document, span)),
    ),
  );
  connection.onDocumentFormatting(inDocument(({ document }) => toTextEdits(document, formatEdits(document))));
  connection.onDocumentRangeFormatting(
    inDocument(({ document }, { range }) => toTextEdits(document, formatEdits(document, toSpan(document, range)))),
  );
  connection.onCodeLens(
    inDocument(({ uri, document }) => codeLenses(document).map((lens) => toCodeLens(document, uri, lens))),
  );
  connection.languages.semanticTokens.on(({ textDocument }) => toSemanticTokens(tokensOf(session, textDocument.uri)));
  connection.onRequest(SIMULATE, (params: SimulateParams): SimulateAnswer | null => {
    const open = session.served(params.uri);
    return open ? simulate(open.document, params, open.version, session.hintsOf(params.uri)) : null;
  });
}

/** Of `chainwalk.yaml` the server wants to know this and no more: it is another extension's to format or to fold. */
async function registerProjectFiles(connection: lsp.Connection): Promise<void> {
  const documentSelector = PROJECT_SELECTOR;
  const registrations = lsp.BulkRegistration.create();
  const syncKind = lsp.TextDocumentSyncKind.Incremental;
  registrations.add(lsp.DidOpenTextDocumentNotification.type, { documentSelector });
  registrations.add(lsp.DidChangeTextDocumentNotification.type, { documentSelector, syncKind });
  registrations.add(lsp.DidCloseTextDocumentNotification.type, { documentSelector });
  registrations.add(lsp.CompletionRequest.type, { documentSelector, triggerCharacters: [' ', '-'] });
  registrations.add(lsp.CodeActionRequest.type, { documentSelector, codeActionKinds: [lsp.CodeActionKind.QuickFix] });
  await connection.client.register(registrations);
}

/** A file that is open counts as the editor has it. */
function openOrFile(session: () => Session): ReadText {
  return async (path) => session().textOf(uriOfPath(path)) ?? readTextFile(path);
}

function tokensOf(session: Session, uri: string) {
  const open = session.served(uri);
  return open ? semanticTokens(open.document) : [];
}
