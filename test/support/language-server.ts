/** The real language server as a process of its own, and a client that speaks LSP with it over stdio. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import * as lsp from 'vscode-languageserver/node';

const root = join(import.meta.dirname, '..', '..');

export interface TestServer {
  readonly connection: lsp.ProtocolConnection;
  readonly process: ChildProcess;
  open(uri: string, text: string): Promise<void>;
  /** The next diagnostics published for a document, or those that came last where `atLeast` is reached already. */
  diagnosticsOf(uri: string, atLeast: number): Promise<lsp.PublishDiagnosticsParams>;
  stop(): Promise<void>;
}

/** @param settings what the editor answers when asked for the section `chainwalk` */
export async function startTestServer(settings: () => unknown): Promise<TestServer> {
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
  const waiting = new Set<() => void>();
  connection.onNotification(lsp.PublishDiagnosticsNotification.type, (params) => {
    latest.set(params.uri, params);
    for (const wake of [...waiting]) wake();
  });
  connection.onRequest(lsp.ConfigurationRequest.type, ({ items }) => items.map(() => settings()));
  connection.onRequest(lsp.RegistrationRequest.type, () => undefined);
  connection.listen();
  await connection.sendRequest(lsp.InitializeRequest.type, {
    processId: process.pid,
    rootUri: null,
    capabilities: { workspace: { configuration: true } },
  });
  await connection.sendNotification(lsp.InitializedNotification.type, {});

  return {
    connection,
    process: server,
    async open(uri, text) {
      const textDocument = { uri, languageId: 'iptables', version: 1, text };
      await connection.sendNotification(lsp.DidOpenTextDocumentNotification.type, { textDocument });
    },
    async diagnosticsOf(uri, atLeast) {
      for (;;) {
        const known = latest.get(uri);
        if (known && (known.version ?? 0) >= atLeast) return known;
        await new Promise<void>((resolve) => {
          const wake = () => {
            waiting.delete(wake);
            resolve();
          };
          waiting.add(wake);
        });
      }
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
