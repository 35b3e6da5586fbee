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

interface Pending {
  readonly timer: NodeJS.Timeout;
  cancelled: boolean;
}

/**
 * @param slices what there is to do for a document; each step's answer is a part of the diagnostics
 * @param publish called once for each run that was not overtaken
 * @param reportFailure a mistake of ours must not end the server
 */
export function createDiagnosticsRun<T>(
  slices: (uri: string) => Iterable<readonly T[]>,
  publish: (uri: string, diagnostics: readonly T[]) => void,
  reportFailure: (failure: unknown) => void,
): DiagnosticsRun {
  const pending = new Map<string, Pending>();
  const lastTook = new Map<string, number>();

  const run = async (uri: string, self: Pending) => {
    const start = performance.now();
    const all: T[] = [];
    for (const part of slices(uri)) {
      for (const diagnostic of part) all.push(diagnostic);
      await setImmediate();
      if (self.cancelled) return;
    }
    lastTook.set(uri, performance.now() - start);
    pending.delete(uri);
    publish(uri, all);
  };

  const cancel = (uri: string) => {
    const before = pending.get(uri);
    if (before === undefined) return;
    clearTimeout(before.timer);
    before.cancelled = true;
    pending.delete(uri);
  };

  return {
    schedule(uri) {
      cancel(uri);
      // What takes long is not done at every pause between two words.
      const delay = Math.min(LONGEST_DELAY_MS, SHORTEST_DELAY_MS + 2 * (lastTook.get(uri) ?? 0));
      const self: Pending = {
        cancelled: false,
        timer: setTimeout(() => void run(uri, self).catch(reportFailure), delay),
      };
      pending.set(uri, self);
    },
    forget(uri) {
      cancel(uri);
      lastTook.delete(uri);
    },
  };
}
