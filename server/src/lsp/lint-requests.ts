/** Requests about findings: what to do about them, the packets that prove them, the pages of lint rules. */
import * as lsp from 'vscode-languageserver/node';
import type { Diagnostic } from '../features/diagnostics';
import { findPage } from '../lint/find-page';
import type { TextEdit } from '../lint/finding';
import { LINT_RULES } from '../lint/registry';
import { toSpan } from './convert';
import { FIX_ALL, fixAllAction, toCodeAction } from './convert-actions';
import type { LintQuestion } from './lint-messages';
import type { LintThread } from './lint-thread';
import type { OpenDocument } from './open-documents';
import { isProjectFile } from './project-documents';
import {
  PAGE,
  type PageParams,
  RULES,
  type RuleAnswer,
  WITNESS,
  type WitnessAnswer,
  type WitnessParams,
} from './protocol';
import type { Session } from './session';

export function answerLintRequests(connection: lsp.Connection, session: Session, thread: LintThread): void {
  connection.onCodeAction((params, token) => {
    const { uri } = params.textDocument;
    if (isProjectFile(uri)) return session.projects.codeActions(uri, params.range);
    const open = session.served(uri);
    return open ? codeActionsFor(session, open, params, (question) => thread.fixAll(question, signalOf(token))) : null;
  });
  connection.onRequest(WITNESS, ({ uri, version, index }: WitnessParams): WitnessAnswer | null => {
    const witness = session.finding(uri, version, index)?.witness;
    return witness ? { host: witness.host, packets: witness.packets, victim: witness.victim } : null;
  });
  connection.onRequest(PAGE, ({ code }: PageParams): string | null => findPage(code) ?? null);
  connection.onRequest(RULES, (): readonly RuleAnswer[] =>
    LINT_RULES.map(({ code, title, group }) => ({ code, title, group })),
  );
}

/** The request's own end, where the editor no longer wants an answer. */
function signalOf(token: lsp.CancellationToken): AbortSignal {
  const abort = new AbortController();
  token.onCancellationRequested(() => abort.abort());
  return abort.signal;
}

async function codeActionsFor(
  session: Session,
  open: OpenDocument,
  { range, context: { only } }: lsp.CodeActionParams,
  fixAll: (question: LintQuestion) => Promise<TextEdit | undefined>,
): Promise<lsp.CodeAction[]> {
  const wants = (kind: string) => only === undefined || only.some((one) => kind === one || kind.startsWith(`${one}.`));
  const quick = wants(lsp.CodeActionKind.QuickFix) ? session.codeActions(open, toSpan(open.document, range)) : [];
  // Nobody who only moves the cursor asks for it.
  const question = only !== undefined && wants(FIX_ALL) ? session.lintQuestion(open.uri) : undefined;
  const fixed = question && (await fixAll(question));
  // What was edited meanwhile is another text.
  const whole = session.served(open.uri)?.version === open.version ? fixed : undefined;
  const pages = session.pagesOf(open.uri);
  const indexOf = (diagnostic: Diagnostic) => session.indexOf(open.uri, diagnostic);
  return [
    ...quick.map((action) => toCodeAction(open, action, { abilities: session.editAbilities, indexOf, pages })),
    ...(whole ? [fixAllAction(open, whole)] : []),
  ];
}
