import { type ExtensionContext, workspace } from 'vscode';
import { LanguageClient, TransportKind } from 'vscode-languageclient/node';
import type { InitializationOptions } from '../../server/src/lsp/protocol';
import { registerCommands } from './commands';
import { PAGE_SCHEME, registerRulePages } from './rule-pages';
import { restoreSimulationPanels } from './simulation-panel';

/** Also the prefix of the client's own setting, `chainwalk.trace.server`. */
const CLIENT_ID = 'chainwalk';

/** What says something of a ruleset that stands beside it: of its host, its sets, the other address family. */
const BESIDE_RULESETS = [
  '**/chainwalk.yaml',
  '**/{ipvsadm,ipvsadm.rules,ipvsadm.save}',
  '**/{ipset,ipsets,ipset.conf,ipset.save,ipset.rules,*.ipset}',
  '**/{sysctl.conf,sysctl.d/*.conf}',
  '**/{ufw.conf,daemon.json}',
  '**/{*.v4,*.v6,*.rules,iptables*,ip6tables*}',
];

let client: LanguageClient | undefined;

export async function activate(context: ExtensionContext): Promise<void> {
  client = createClient(context.asAbsolutePath('dist/server.cjs'));
  registerCommands(context, client);
  registerRulePages(context, client);
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
      // Of a script the server looks at commands of iptables alone; chainwalk.shell.enable turns that off.
      documentSelector: [{ language: 'iptables' }, { language: 'shellscript' }],
      initializationOptions: { pageScheme: PAGE_SCHEME } satisfies InitializationOptions,
      synchronize: { fileEvents: BESIDE_RULESETS.map((glob) => workspace.createFileSystemWatcher(glob)) },
      middleware: {
        // The old side of a diff is nobody's to mend.
        handleDiagnostics: (uri, diagnostics, next) => next(uri, uri.scheme === 'git' ? [] : diagnostics),
      },
    },
  );
}
