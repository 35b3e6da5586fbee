/** The commands of package.json. */
import { commands, type ExtensionContext, Uri, window } from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { TRACE_COMMAND, type TraceFrom } from '../../server/src/lsp/protocol';
import { openSimulationPanel } from './simulation-panel';

export function registerCommands(context: ExtensionContext, client: LanguageClient): void {
  context.subscriptions.push(
    commands.registerCommand(TRACE_COMMAND, (ruleset?: unknown, from?: unknown) => {
      const uri = rulesetUri(ruleset);
      if (uri === undefined) return window.showInformationMessage('Open an iptables ruleset to trace a packet in it.');
      return openSimulationPanel(context, client, uri, isTraceFrom(from) ? from : undefined);
    }),
  );
}

/** The editor title hands over a Uri, the code lens its text, the command palette nothing. */
function rulesetUri(ruleset: unknown): Uri | undefined {
  if (ruleset instanceof Uri) return ruleset;
  if (typeof ruleset === 'string') return Uri.parse(ruleset);
  const document = window.activeTextEditor?.document;
  return document?.languageId === 'iptables' ? document.uri : undefined;
}

/** The editor title hands over its group as well, which is nothing to begin a trace from. */
function isTraceFrom(from: unknown): from is TraceFrom {
  return typeof from === 'object' && from !== null && 'chain' in from && typeof from.chain === 'string';
}
