/** The linter in a thread of its own: however long a rule thinks, the server answers what is typed meanwhile. */
import { Worker } from 'node:worker_threads';
import type { Document } from '../analysis/document';
import type { Diagnostic } from '../features/diagnostics';
import type { TextEdit } from '../lint/finding';
import { type Answer, type LintQuestion, sent, type Wanted, type Withdrawal } from './lint-messages';

export interface LintThread {
  /** Undefined where it was withdrawn before it was answered. */
  ask(question: LintQuestion, signal: AbortSignal): Promise<readonly Diagnostic[] | undefined>;
  /** The edit that makes all safe fixes; undefined where there are none, too. */
  fixAll(question: LintQuestion, signal: AbortSignal): Promise<TextEdit | undefined>;
  stop(): void;
}

/** A rule that thinks longer than this about a question that was withdrawn is not waited for: its thread is ended. */
const PATIENCE_MS = 50;

interface Asked {
  readonly wanted: Wanted;
  readonly question: LintQuestion;
  readonly signal: AbortSignal;
  readonly settle: (answer: Answer | undefined) => void;
}

/** @param program what the thread runs: it must call `serveLintQuestions` */
export function startLintThread(program: string): LintThread {
  let worker: Worker | undefined;
  /** The document that the thread was told of last. */
  let last: Document | undefined;
  let lastId = 0;
  /** Questions that the thread has not done with, in their order; of those that were withdrawn nobody waits. */
  const asked = new Map<number, Asked>();

  const settle = (id: number, answer: Answer | undefined) => {
    asked.get(id)?.settle(answer);
    asked.delete(id);
  };
  const post = (id: number, { wanted, question }: Asked) => {
    worker ??= start();
    worker.postMessage(sent(id, wanted, question, last));
    last = question.document;
  };
  const start = () => {
    const started = new Worker(program, { argv: [] });
    started.on('message', (answer: Answer) => settle(answer.id, answer));
    // A mistake of ours ends it: what was asked stays without an answer, and the next question starts it anew.
    started.on('error', () => undefined);
    started.on('exit', () => {
      if (worker !== started) return;
      worker = undefined;
      last = undefined;
      for (const id of [...asked.keys()]) settle(id, undefined);
    });
    // The server ends when its editor does, and not when its thread does.
    started.unref();
    return started;
  };
  /** The others are asked again, in another thread, which is there by the time that the next edit is to be looked at. */
  const startAnew = () => {
    const before = worker;
    worker = start();
    last = undefined;
    void before?.terminate();
    for (const [id, one] of asked) {
      if (one.signal.aborted) asked.delete(id);
      else post(id, one);
    }
  };
  const withdraw = (id: number) => {
    const one = asked.get(id);
    if (one === undefined) return;
    one.settle(undefined);
    worker?.postMessage({ withdrawn: id } satisfies Withdrawal);
    const [first] = asked.keys();
    if (first !== id) return;
    setTimeout(() => asked.has(id) && startAnew(), PATIENCE_MS).unref();
  };
  const ask = (wanted: Wanted, question: LintQuestion, signal: AbortSignal) =>
    new Promise<Answer | undefined>((resolve) => {
      if (signal.aborted) return resolve(undefined);
      lastId += 1;
      const id = lastId;
      const one = { wanted, question, signal, settle: resolve };
      asked.set(id, one);
      post(id, one);
      signal.addEventListener('abort', () => withdraw(id), { once: true });
    });
  return {
    ask: async (question, signal) => {
      const answer = await ask('findings', question, signal);
      return answer && 'findings' in answer ? answer.findings : undefined;
    },
    fixAll: async (question, signal) => {
      const answer = await ask('fixes', question, signal);
      return answer && 'edit' in answer ? answer.edit : undefined;
    },
    stop: () => void worker?.terminate(),
  };
}
