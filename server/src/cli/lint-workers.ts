/** Lints many files at once, each thread one after the other; the reports come in the order of the files. */
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { lintFile } from './lint-file';
import type { FileReport, LintTask } from './lint-report';
import type { Terminal } from './terminal';

/** For fewer files than this a second thread takes longer to start than it saves. */
const FILES_PER_THREAD = 4;

/** @param jobs how many threads; undefined: as many as the machine and the number of files deserve */
export function threadCount(files: number, jobs: number | undefined): number {
  const most = jobs ?? Math.min(availableParallelism(), Math.ceil(files / FILES_PER_THREAD));
  return Math.max(1, Math.min(most, files));
}

/** @param done called whenever a file is done */
export async function lintAll(
  tasks: readonly LintTask[],
  threads: number,
  terminal: Terminal,
  done: () => void,
): Promise<readonly FileReport[]> {
  const reports: FileReport[] = [];
  const program = terminal.program;
  let next = 0;
  /** One that lints takes a file when it has nothing to do. */
  const drain = async (lint: (task: LintTask) => Promise<FileReport>) => {
    for (let index = next++; index < tasks.length; index = next++) {
      const task = tasks[index];
      if (task) reports[index] = await lint(task);
      done();
    }
  };
  if (threads === 1 || program === undefined) {
    await drain((task) => lintFile(task, terminal.readFile));
    return reports;
  }
  const workers = Array.from({ length: threads }, () => new Worker(program));
  try {
    await Promise.all(workers.map((worker) => drain((task) => ask(worker, task))));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return reports;
}

function ask(worker: Worker, task: LintTask): Promise<FileReport> {
  return new Promise((resolve, reject) => {
    // Both go with the answer: the worker has listeners of its own, which must stay.
    const settle = (report: FileReport) => {
      worker.off('error', reject);
      resolve(report);
    };
    worker.once('message', settle);
    worker.once('error', reject);
    worker.postMessage(task);
  });
}

/** In a thread of {@link lintAll}: answers tasks. False in the program's first thread. */
export function serveLintTasks(readFile: (path: string) => Promise<string>): boolean {
  if (isMainThread || parentPort === null) return false;
  const port = parentPort;
  port.on('message', (task: LintTask) => void lintFile(task, readFile).then((report) => port.postMessage(report)));
  return true;
}
