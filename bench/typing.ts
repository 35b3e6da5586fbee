/**
 * How soon the language server answers while it lints a file of 100,000 rules: the real server in a process of its own,
 * an editor's edits and questions over its channel. And how soon a lint that an edit has overtaken makes way.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDocument } from '../server/src/analysis/document';
import { NO_CHOICES } from '../server/src/lint/severities';
import { startLintThread } from '../server/src/lsp/lint-thread';
import { header, machineShape, percentile, row, title } from './report';
import { kubeProxyRuleset, RULES_OF_KUBE_SERVICE } from './rulesets';

const RULES = Number(process.env.BENCH_RULES ?? 100_000);
const LINTS = Number(process.env.BENCH_LINTS ?? 20);
const uri = 'untitled:rules.v4';

const { rules } = kubeProxyRuleset(Math.round(RULES / RULES_OF_KUBE_SERVICE));
const lines = rules.split('\n');
const middle = lines.findIndex((line, at) => at > lines.length / 2 && line.startsWith('-A KUBE-SVC'));

const server = fork(join(process.cwd(), 'dist', 'server.cjs'), ['--node-ipc'], { execArgv: [], silent: true });
const answers = new Map<number, () => void>();
let lastId = 0;
let version = 1;
let published = 0;
let waiting: (() => void) | undefined;

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly version?: number };
}

server.on('message', ({ id, method, params }: Message) => {
  if (method === 'textDocument/publishDiagnostics') {
    published = params?.version ?? 0;
    waiting?.();
  } else if (method === undefined && id !== undefined) {
    answers.get(id)?.();
    answers.delete(id);
  }
});

function notify(method: string, params: object): void {
  server.send({ jsonrpc: '2.0', method, params });
}

function request(method: string, params: object | null): Promise<void> {
  lastId += 1;
  const id = lastId;
  server.send({ jsonrpc: '2.0', id, method, params });
  return new Promise((resolve) => answers.set(id, resolve));
}

async function took(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

const column = lines[middle]?.indexOf(' -j ') ?? 0;

function answerTo(asked: 'hover' | 'completion'): Promise<number> {
  const position = { line: middle, character: asked === 'hover' ? 1 : column };
  return took(() => request(`textDocument/${asked}`, { textDocument: { uri }, position }));
}

async function diagnosticsOf(mine: number): Promise<void> {
  while (published < mine) {
    await new Promise<void>((resolve) => {
      waiting = resolve;
    });
  }
}

/** A blank before the target, or away again; and the diagnostics of the new version. */
function edit(): Promise<number> {
  version += 1;
  const mine = version;
  const adds = version % 2 === 0;
  const range = {
    start: { line: middle, character: column },
    end: { line: middle, character: adds ? column : column + 1 },
  };
  return took(() => {
    notify('textDocument/didChange', {
      textDocument: { uri, version: mine },
      contentChanges: [{ range, text: adds ? ' ' : '' }],
    });
    return diagnosticsOf(mine);
  });
}

await request('initialize', { processId: process.pid, rootUri: null, capabilities: {} });
notify('initialized', {});
const opened = await took(() => {
  notify('textDocument/didOpen', { textDocument: { uri, languageId: 'iptables', version, text: rules } });
  return diagnosticsOf(1);
});
const told = new Map<string, number[]>([
  ['edit', []],
  ['hover', []],
  ['completion', []],
]);
for (let lint = 0; lint < LINTS; lint += 1) {
  const until = performance.now() + 5_000;
  told.get('edit')?.push(await edit());
  // The lint begins two seconds behind the edit.
  while (performance.now() < until) {
    for (const asked of ['hover', 'completion'] as const) {
      told.get(asked)?.push(await answerTo(asked));
      await sleep(20);
    }
  }
}
title('Typing while a file of 100,000 rules is linted');
console.log(`${machineShape()}; the file was open after ${Math.round(opened)} ms\n`);
header('what is asked', 'times', 'median, ms', '95th percentile, ms', 'longest, ms');
for (const [asked, times] of told) {
  const figures = [0.5, 0.95, 1].map((share) => percentile(times, share).toFixed(1));
  row(asked, String(times.length), ...figures);
}
await request('shutdown', null);
notify('exit', {});
if (server.exitCode === null) await once(server, 'exit');

title('A lint that an edit has overtaken');
console.log(`${machineShape()}\n`);
header('when it is overtaken', 'times', 'the next begins after, median, ms', 'longest, ms');
const large = createDocument(rules, { fileName: 'rules.v4' });
const small = createDocument('*filter\n-A INPUT -s 10.0.0.5/24 -j DROP\nCOMMIT\n', { fileName: 'rules.v4' });
// The thread alone keeps no process alive.
const alive = setInterval(() => undefined, 1_000);
const thread = startLintThread(join(process.cwd(), 'dist', 'server.cjs'));
const question = {
  setting: undefined,
  surroundings: { project: { host: {}, choices: NO_CHOICES }, beside: {} },
  choices: NO_CHOICES,
};
await thread.ask({ ...question, document: small }, new AbortController().signal);
for (const after of [500, 1_000, 2_000, 4_000, 6_000]) {
  const begins: number[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    const abort = new AbortController();
    const overtaken = thread.ask({ ...question, document: large }, abort.signal);
    await sleep(after);
    abort.abort();
    begins.push(await took(() => thread.ask({ ...question, document: small }, new AbortController().signal)));
    await overtaken;
  }
  row(`${after} ms behind its beginning`, '5', percentile(begins, 0.5).toFixed(0), percentile(begins, 1).toFixed(0));
}
thread.stop();
clearInterval(alive);
