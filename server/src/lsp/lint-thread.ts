/**
 * The linter in a thread of its own: however long a rule thinks, the server answers what is typed meanwhile. What both
 * say to each other is plain data.
 */
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { createDocument, type Document, type DocumentOptions } from '../analysis/document';
import { type Diagnostic, findingSlices } from '../features/diagnostics';
import type { LintChoices } from '../lint/severities';
import { type Surroundings, surroundedHints } from '../project/surrounded-hints';

/** A document, and what is known of it. */
export interface LintQuestion {
  readonly document: Document;
  /** The value of `chainwalk.host`. */
  readonly setting: unknown;
  readonly surroundings: Surroundings;
  readonly choices: LintChoices;
}

interface Sent {
  readonly id: number;
  readonly text: string;
  readonly options: DocumentOptions;
  readonly setting: unknown;
  readonly surroundings: Omit<Surroundings, 'beside'>;
  readonly beside: { readonly ipsets?: string; readonly sysctl?: string };
  readonly twin?: { readonly text: string; readonly options: DocumentOptions };
  readonly choices: LintChoices;
}

interface Answer {
  readonly id: number;
  readonly findings: readonly Diagnostic[];
}

/** Sent when the question is no longer one. */
interface Withdrawal {
  readonly withdrawn: number;
}

export interface LintThread {
  /** Undefined where it was withdrawn before it was answered. */
  ask(question: LintQuestion, signal: AbortSignal): Promise<readonly Diagnostic[] | undefined>;
  stop(): void;
}

/** @param program what the thread runs: it must call {@link serveLintQuestions} */
export function startLintThread(program: string): LintThread {
  let worker: Worker | undefined;
  let lastId = 0;
  const waiting = new Map<number, (findings: readonly Diagnostic[] | undefined) => void>();
  const settle = (id: number, findings: readonly Diagnostic[] | undefined) => {
    waiting.get(id)?.(findings);
    waiting.delete(id);
  };
  const start = () => {
    const started = new Worker(program, { argv: [] });
    started.on('message', ({ id, findings }: Answer) => settle(id, findings));
    // A mistake of ours ends it: what was asked stays without an answer, and the next question starts it anew.
    started.on('error', () => undefined);
    started.on('exit', () => {
      if (worker === started) worker = undefined;
      for (const id of [...waiting.keys()]) settle(id, undefined);
    });
    // The server ends when its editor does, and not when its thread does.
    started.unref();
    return started;
  };
  return {
    ask: (question, signal) =>
      new Promise((resolve) => {
        worker ??= start();
        lastId += 1;
        const id = lastId;
        waiting.set(id, resolve);
        worker.postMessage(sent(id, question));
        signal.addEventListener('abort', () => {
          if (waiting.has(id)) worker?.postMessage({ withdrawn: id } satisfies Withdrawal);
          settle(id, undefined);
        });
      }),
    stop: () => void worker?.terminate(),
  };
}

/** In the thread: answers questions one after the other, in slices between which it hears of withdrawals. */
export function serveLintQuestions(): boolean {
  if (isMainThread || parentPort === null) return false;
  const port = parentPort;
  const withdrawn = new Set<number>();
  let line = Promise.resolve();
  port.on('message', (message: Sent | Withdrawal) => {
    if ('withdrawn' in message) withdrawn.add(message.withdrawn);
    else line = line.then(() => answer(message));
  });
  const answer = async (question: Sent) => {
    const { id } = question;
    const findings: Diagnostic[] = [];
    for (const slice of slicesFor(question)) {
      findings.push(...slice.filter(({ suppressed }) => suppressed === undefined));
      await new Promise((resolve) => setImmediate(resolve));
      if (withdrawn.delete(id)) return;
    }
    port.postMessage({ id, findings } satisfies Answer);
  };
  return true;
}

function slicesFor({ text, options, setting, surroundings, beside, twin, choices }: Sent) {
  const document = createDocument(text, options);
  const other = twin && createDocument(twin.text, twin.options);
  const around = { ...surroundings, beside: { ...beside, ...(other && { twin: other }) } };
  const hints = surroundedHints(document, setting, around);
  return findingSlices(document, hints, { choices, beside: around.beside });
}

/** Documents hold functions: their text goes, and is read again. */
function sent(id: number, { document, setting, surroundings, choices }: LintQuestion): Sent {
  const { beside, ...rest } = surroundings;
  const { twin, ...plain } = beside;
  return {
    id,
    text: document.text,
    options: document.options,
    setting,
    surroundings: rest,
    beside: plain,
    ...(twin && { twin: { text: twin.text, options: twin.options } }),
    choices,
  };
}
