/** Requests about findings: what to do about them, the packets that prove them, the pages of lint rules. */
import * as lsp from 'vscode-languageserver/node';
import type { Diagnostic } from '../features/diagnostics';
import { findPage } from '../lint/find-page';
import { LINT_RULES } from '../lint/registry';
import { toSpan } from './convert';
import { FIX_ALL, fixAllAction, toCodeAction } from './convert-actions';
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

export function answerLintRequests(connection: lsp.Connection, session: Session): void {
  connection.onCodeAction((params) => {
    const { uri } = params.textDocument;
    if (isProjectFile(uri)) return session.projects.codeActions(uri, params.range);
    const open = session.served(uri);
    return open ? codeActionsFor(session, open, params) : null;
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

function codeActionsFor(
  session: Session,
  open: OpenDocument,
  { range, context: { only } }: lsp.CodeActionParams,
): lsp.CodeAction[] {
  const wants = (kind: string) => only === undefined || only.some((one) => kind === one || kind.startsWith(`${one}.`));
  const quick = wants(lsp.CodeActionKind.QuickFix) ? session.codeActions(open, toSpan(open.document, range)) : [];
  // Nobody who only moves the cursor asks for it.
  const whole = only !== undefined && wants(FIX_ALL) ? session.fixAll(open) : undefined;
  const pages = session.pagesOf(open.uri);
  const indexOf = (diagnostic: Diagnostic) => session.indexOf(open.uri, diagnostic);
  return [
    ...quick.map((action) => toCodeAction(open, action, { abilities: session.editAbilities, indexOf, pages })),
    ...(whole ? [fixAllAction(open, whole)] : []),
  ];
}
