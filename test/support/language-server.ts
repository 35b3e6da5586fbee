/** The real language server as a process of its own, and a client that speaks LSP with it over stdio. */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import * as lsp from 'vscode-languageserver/node';
import type { InitializationOptions } from '../../server/src/lsp/protocol';

const root = join(import.meta.dirname, '..', '..');

export interface TestServer {
  readonly connection: lsp.ProtocolConnection;
  readonly process: ChildProcess;
  open(uri: string, text: string, languageId?: string): Promise<void>;
  /** The diagnostics of a document's version, or of a later one: those that came last, or else the next. */
  diagnosticsOf(uri: string, version: number): Promise<lsp.PublishDiagnosticsParams>;
  /** Diagnostics that have not come yet. */
  nextDiagnosticsOf(uri: string): Promise<lsp.PublishDiagnosticsParams>;
  stop(): Promise<void>;
}

/**
 * @param settings what the editor answers when asked for the section `chainwalk`
 * @param workspace what else the editor can do
 * @param initializationOptions what Chainwalk's own client says of itself
 */
export async function startTestServer(
  settings: () => unknown,
  workspace: lsp.ClientCapabilities['workspace'] = {},
  initializationOptions?: InitializationOptions,
): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'chainwalk-server-'));
  const outfile = join(folder, 'server.cjs');
  await build({
    absWorkingDir: root,
    entryPoints: ['server/src/lsp/main.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    mainFields: ['module', 'main'],
    logLevel: 'error',
  });
  const server = spawn(process.execPath, [outfile, '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const connection = lsp.createProtocolConnection(server.stdout, server.stdin);
  const latest = new Map<string, lsp.PublishDiagnosticsParams>();
  const published = new EventEmitter().setMaxListeners(0);
  connection.onNotification(lsp.PublishDiagnosticsNotification.type, (params) => {
    latest.set(params.uri, params);
    published.emit(params.uri);
  });
  connection.onRequest(lsp.ConfigurationRequest.type, ({ items }) => items.map(() => settings()));
  connection.onRequest(lsp.RegistrationRequest.type, () => undefined);
  connection.listen();
  await connection.sendRequest(lsp.InitializeRequest.type, {
    processId: process.pid,
    rootUri: null,
    initializationOptions,
    capabilities: { workspace: { configuration: true, ...workspace } },
  });
  await connection.sendNotification(lsp.InitializedNotification.type, {});

  const latestOf = (uri: string) => latest.get(uri) ?? { uri, diagnostics: [] };

  return {
    connection,
    process: server,
    async open(uri, text, languageId = 'iptables') {
      const textDocument = { uri, languageId, version: 1, text };
      await connection.sendNotification(lsp.DidOpenTextDocumentNotification.type, { textDocument });
    },
    async diagnosticsOf(uri, version) {
      while ((latest.get(uri)?.version ?? 0) < version) await once(published, uri);
      return latestOf(uri);
    },
    async nextDiagnosticsOf(uri) {
      await once(published, uri);
      return latestOf(uri);
    },
    async stop() {
      await connection.sendRequest(lsp.ShutdownRequest.type);
      await connection.sendNotification(lsp.ExitNotification.type);
      if (server.exitCode === null) await once(server, 'exit');
      connection.dispose();
      rmSync(folder, { recursive: true });
    },
  };
}
