/** When an editor's diagnostics are made: after a pause, in slices, and never to the end for a text that is out of date. */
import { describe, expect, test, vi } from 'vitest';
import { createDiagnosticsRun } from '../server/src/lsp/diagnostics-run';

describe('when diagnostics are made', () => {
  const settle = () => new Promise((resolve) => setTimeout(resolve, 400));

  test('once for edits in quick succession', async () => {
    const published: (readonly string[])[] = [];
    const run = createDiagnosticsRun<string>({
      *slices(uri) {
        yield [uri];
      },
      publish: (_, found) => published.push(found),
      reportFailure: () => undefined,
    });
    for (let edit = 0; edit < 5; edit++) run.schedule('a');
    run.schedule('b');
    run.schedule('closed');
    run.forget('closed');
    await settle();
    expect(published).toEqual([['a'], ['b']]);
  });

  test('not to the end for a text that is edited meanwhile', async () => {
    const published: (readonly number[])[] = [];
    let slices = 0;
    const run = createDiagnosticsRun<number>({
      *slices(uri) {
        yield [++slices];
        if (slices === 1) run.schedule(uri);
        yield [++slices];
      },
      publish: (_, found) => published.push(found),
      reportFailure: () => undefined,
    });
    run.schedule('a');
    await vi.waitFor(() => expect(published).toEqual([[3, 4]]), 5_000);
  });

  test('a mistake of ours is reported, and the next run comes', async () => {
    const failures: unknown[] = [];
    let runs = 0;
    const run = createDiagnosticsRun<number>({
      *slices() {
        runs++;
        yield [1];
        throw new Error('a mistake');
      },
      publish: () => undefined,
      reportFailure: (failure) => failures.push(failure),
    });
    run.schedule('a');
    await settle();
    run.schedule('a');
    await settle();
    expect([runs, failures.length]).toEqual([2, 2]);
  });

  test('what is known first, where the rest takes long; and then all of it', async () => {
    const published: (readonly number[])[] = [];
    const run = createDiagnosticsRun<number>({
      *slices() {
        yield [1];
      },
      elsewhere: () => new Promise((resolve) => setTimeout(() => resolve([2]), 1_300)),
      publish: (_, found) => published.push(found),
      reportFailure: () => undefined,
    });
    run.schedule('a');
    await vi.waitFor(() => expect(published).toEqual([[1], [1, 2]]), 5_000);
  });

  test('what is done elsewhere is withdrawn by the next edit', async () => {
    const published: (readonly number[])[] = [];
    const aborted: boolean[] = [];
    const run = createDiagnosticsRun<number>({
      *slices() {
        yield [1];
      },
      elsewhere: (_, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            aborted.push(true);
            resolve(undefined);
          });
          if (aborted.length > 0) resolve([2]);
        }),
      publish: (_, found) => published.push(found),
      reportFailure: () => undefined,
    });
    run.schedule('a');
    await settle();
    run.schedule('a');
    await settle();
    expect([aborted, published]).toEqual([[true], [[1, 2]]]);
  });
});
