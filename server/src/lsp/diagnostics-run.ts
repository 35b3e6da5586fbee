/**
 * When diagnostics are made: a while after the last edit, in slices between which the server answers other requests,
 * and never to the end for a text that has been edited meanwhile.
 */
import { setImmediate } from 'node:timers/promises';

export interface DiagnosticsRun {
  /** Makes them again, once the text has been still for a while. */
  schedule(uri: string): void;
  /** The document is closed. */
  forget(uri: string): void;
}

/** Long enough not to run between two strokes, short enough to seem at once. */
const SHORTEST_DELAY_MS = 150;
const LONGEST_DELAY_MS = 2_000;

/** What is wrong for sure is not kept back longer than this by what is still thought about. */
const PATIENCE_MS = 1_000;

interface Pending {
  readonly timer: NodeJS.Timeout;
  readonly abort: AbortController;
}

export interface DiagnosticsWork<T> {
  /** What there is to do for a document here; each step's answer is a part of the diagnostics. */
  slices(uri: string): Iterable<readonly T[]>;
  /** What is done elsewhere meanwhile; undefined where nobody answers. */
  elsewhere?(uri: string, signal: AbortSignal): Promise<readonly T[] | undefined>;
  /** Called for each run that was not overtaken: once, and before that with what is known, where the rest takes long. */
  publish(uri: string, diagnostics: readonly T[]): void;
  /** A mistake of ours must not end the server. */
  reportFailure(failure: unknown): void;
}

export function createDiagnosticsRun<T>(work: DiagnosticsWork<T>): DiagnosticsRun {
  const pending = new Map<string, Pending>();
  const lastTook = new Map<string, number>();

  const run = async (uri: string, self: Pending) => {
    const start = performance.now();
    const all: T[] = [];
    for (const part of work.slices(uri)) {
      for (const diagnostic of part) all.push(diagnostic);
      await setImmediate();
      if (self.abort.signal.aborted) return;
    }
    const early = setTimeout(() => all.length > 0 && work.publish(uri, all), PATIENCE_MS);
    self.abort.signal.addEventListener('abort', () => clearTimeout(early));
    const rest = (await work.elsewhere?.(uri, self.abort.signal)) ?? [];
    clearTimeout(early);
    if (self.abort.signal.aborted) return;
    lastTook.set(uri, performance.now() - start);
    pending.delete(uri);
    work.publish(uri, [...all, ...rest]);
  };

  const cancel = (uri: string) => {
    const before = pending.get(uri);
    if (before === undefined) return;
    clearTimeout(before.timer);
    before.abort.abort();
    pending.delete(uri);
  };

  return {
    schedule(uri) {
      cancel(uri);
      // What takes long is not done at every pause between two words.
      const delay = Math.min(LONGEST_DELAY_MS, SHORTEST_DELAY_MS + 2 * (lastTook.get(uri) ?? 0));
      const self: Pending = {
        abort: new AbortController(),
        timer: setTimeout(() => void run(uri, self).catch(work.reportFailure), delay),
      };
      pending.set(uri, self);
    },
    forget(uri) {
      cancel(uri);
      lastTook.delete(uri);
    },
  };
}
