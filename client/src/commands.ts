/** The commands of package.json. */
import { commands, type ExtensionContext, Uri, window } from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import {
  EXPLAIN_COMMAND,
  type FindingPlace,
  TRACE_COMMAND,
  type TraceFrom,
  WITNESS,
  type WitnessAnswer,
  type WitnessParams,
} from '../../server/src/lsp/protocol';
import { explainRule } from './rule-pages';
import { openSimulationPanel, type SimulationPanelOptions } from './simulation-panel';

export function registerCommands(context: ExtensionContext, client: LanguageClient): void {
  context.subscriptions.push(
    commands.registerCommand(TRACE_COMMAND, async (ruleset?: unknown, from?: unknown) => {
      const uri = rulesetUri(ruleset);
      if (uri === undefined) return window.showInformationMessage('Open an iptables ruleset to trace a packet in it.');
      const options = isTraceFrom(from) ? await panelOptions(client, uri, from) : {};
      if (options) return openSimulationPanel(context, client, uri, options);
      return window.showInformationMessage('The ruleset has changed since: wait for the finding to come again.');
    }),
    commands.registerCommand(EXPLAIN_COMMAND, (code?: unknown) =>
      explainRule(client, typeof code === 'string' ? code : undefined),
    ),
  );
}

/** Undefined where the finding is no longer what it was. */
async function panelOptions(
  client: LanguageClient,
  uri: Uri,
  from: TraceFrom,
): Promise<SimulationPanelOptions | undefined> {
  if ('chain' in from) return from;
  const params: WitnessParams = { uri: client.code2ProtocolConverter.asUri(uri), ...from.finding };
  const witness = await client.sendRequest<WitnessAnswer | null>(WITNESS, params);
  return witness === null ? undefined : { witness };
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
  if (typeof from !== 'object' || from === null) return false;
  return ('chain' in from && typeof from.chain === 'string') || ('finding' in from && isFindingPlace(from.finding));
}

function isFindingPlace(place: unknown): place is FindingPlace {
  if (typeof place !== 'object' || place === null) return false;
  return 'version' in place && typeof place.version === 'number' && 'index' in place && typeof place.index === 'number';
}
