/**
 * The simulation panel's side in the extension: a webview beside the editor, asked for simulations, told of edits. It
 * shows one document; a second request for the same document brings the panel forward.
 */
import {
  type ExtensionContext,
  env,
  Range,
  TextEditorRevealType,
  Uri,
  ViewColumn,
  type WebviewPanel,
  window,
  workspace,
} from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import type { WitnessAnswer } from '../../server/src/lsp/protocol';
import { panelPage } from './panel-page';
import { SimulationRun } from './simulation-run';
import type { FromPanel, Remembered, ToPanel } from './webview/messages';

export interface SimulationPanelOptions {
  /** The packets suggested at first should reach this chain. */
  readonly chain?: string;
  /** Packets that prove a finding, on their host. */
  readonly witness?: WitnessAnswer;
}

/** Also the name by which VS Code restores panels after a restart. */
const PANEL_TYPE = 'chainwalk.simulation';

const openPanels = new Map<string, WebviewPanel>();

export function openSimulationPanel(
  context: ExtensionContext,
  client: LanguageClient,
  uri: Uri,
  options: SimulationPanelOptions = {},
): void {
  const open = openPanels.get(uri.toString());
  if (open && options.chain === undefined && options.witness === undefined) {
    open.reveal();
    return;
  }
  // Asked from a chain or a finding, the panel begins anew with packets for it.
  open?.dispose();
  const column = { viewColumn: ViewColumn.Beside, preserveFocus: true };
  const panel = window.createWebviewPanel(PANEL_TYPE, titleOf(uri), column);
  attach(panel, context, client, uri, options);
}

/** Brings back the panels of the last session. */
export function restoreSimulationPanels(context: ExtensionContext, client: LanguageClient): void {
  context.subscriptions.push(
    window.registerWebviewPanelSerializer(PANEL_TYPE, {
      async deserializeWebviewPanel(panel, state: unknown) {
        const uri = uriOf(state);
        if (uri === undefined) panel.dispose();
        else attach(panel, context, client, uri, {});
      },
    }),
  );
}

function titleOf(uri: Uri): string {
  return `Trace: ${nameOf(uri)}`;
}

function nameOf(uri: Uri): string {
  return uri.path.slice(uri.path.lastIndexOf('/') + 1);
}

function uriOf(state: unknown): Uri | undefined {
  const held = typeof state === 'object' && state !== null && 'uri' in state ? state.uri : undefined;
  return typeof held === 'string' ? Uri.parse(held) : undefined;
}

function attach(
  panel: WebviewPanel,
  context: ExtensionContext,
  client: LanguageClient,
  uri: Uri,
  options: SimulationPanelOptions,
): void {
  const key = uri.toString();
  const post = (message: ToPanel): void => void panel.webview.postMessage(message);
  const run = new SimulationRun(client, uri, { chain: options.chain, host: options.witness?.host }, post);
  openPanels.set(key, panel);
  panel.onDidDispose(() => {
    run.dispose();
    if (openPanels.get(key) === panel) openPanels.delete(key);
  });
  panel.webview.onDidReceiveMessage(async (message: FromPanel) => {
    switch (message.kind) {
      case 'ready':
        run.begin();
        return post({ kind: 'opened', uri: key, name: nameOf(uri), ...rememberedFor(context, key, options) });
      case 'simulate':
        return run.ask(message);
      case 'remember':
        return context.workspaceState.update(memoryKey(key), message.remembered);
      case 'reveal':
        return reveal(uri, message.line, message.focus);
      case 'copy':
        return env.clipboard.writeText(message.text);
    }
  });
  const dist = Uri.joinPath(context.extensionUri, 'dist');
  panel.webview.options = { enableScripts: true, localResourceRoots: [dist] };
  panel.webview.html = panelPage(panel.webview, dist);
}

function memoryKey(uri: string): string {
  return `simulation-panel ${uri}`;
}

function rememberedFor(
  { workspaceState }: ExtensionContext,
  uri: string,
  { chain, witness }: SimulationPanelOptions,
): { readonly remembered?: Remembered } {
  if (witness) return { remembered: { packets: witness.packets, selected: witness.victim, filter: 'all' } };
  const remembered = chain === undefined ? workspaceState.get<Remembered>(memoryKey(uri)) : undefined;
  return remembered === undefined ? {} : { remembered };
}

/** Selects a line in the editor that shows the ruleset, or opens one. */
async function reveal(uri: Uri, line: number, focus: boolean): Promise<void> {
  const document = await workspace.openTextDocument(uri);
  if (!(line >= 0 && line < document.lineCount)) return;
  const { range } = document.lineAt(Math.floor(line));
  const shown = window.visibleTextEditors.find((editor) => editor.document === document);
  const editor = await window.showTextDocument(document, {
    viewColumn: shown?.viewColumn ?? ViewColumn.One,
    preserveFocus: !focus,
    selection: new Range(range.start, range.end),
  });
  editor.revealRange(range, TextEditorRevealType.InCenterIfOutsideViewport);
}
