/** The commands of package.json. */
import { commands, type ExtensionContext, Uri, window } from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { openSimulationPanel } from './simulation-panel';

export function registerCommands(context: ExtensionContext, client: LanguageClient): void {
  context.subscriptions.push(
    commands.registerCommand('chainwalk.tracePacket', (from?: unknown) => {
      const uri = rulesetUri(from);
      if (uri === undefined) return window.showInformationMessage('Open an iptables ruleset to trace a packet in it.');
      return openSimulationPanel(context, client, uri);
    }),
  );
}

/** The editor title hands over a Uri, the code lens its text, the command palette nothing. */
function rulesetUri(from: unknown): Uri | undefined {
  if (from instanceof Uri) return from;
  if (typeof from === 'string') return Uri.parse(from);
  const document = window.activeTextEditor?.document;
  return document?.languageId === 'iptables' ? document.uri : undefined;
}
