import { type ExtensionContext, workspace } from 'vscode';
import { LanguageClient, TransportKind } from 'vscode-languageclient/node';
import { registerCommands } from './commands';
import { restoreSimulationPanels } from './simulation-panel';

/** Also the prefix of the client's own setting, `chainwalk.trace.server`. */
const CLIENT_ID = 'chainwalk';

let client: LanguageClient | undefined;

export async function activate(context: ExtensionContext): Promise<void> {
  client = createClient(context.asAbsolutePath('dist/server.cjs'));
  registerCommands(context, client);
  restoreSimulationPanels(context, client);
  await client.start();
}

export function deactivate(): Promise<void> | undefined {
  return client?.stop();
}

function createClient(module: string): LanguageClient {
  const run = { module, transport: TransportKind.ipc };
  return new LanguageClient(
    CLIENT_ID,
    'Chainwalk',
    { run, debug: { ...run, options: { execArgv: ['--nolazy', '--inspect=6009'] } } },
    {
      // Any scheme: the server reads the editor's text, so unsaved files and virtual workspaces work alike.
      documentSelector: [{ language: 'iptables' }],
      // What says, beside a ruleset, that its host is a load balancer.
      synchronize: { fileEvents: workspace.createFileSystemWatcher('**/ipvsadm{,.rules,.save}') },
      middleware: {
        // The old side of a diff is nobody's to mend.
        handleDiagnostics: (uri, diagnostics, next) => next(uri, uri.scheme === 'git' ? [] : diagnostics),
      },
    },
  );
}
