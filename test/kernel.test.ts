/**
 * The simulator against real kernels: recorded answers (test/data/kernel/*.jsonl, one scenario a line with what the
 * kernel said), so that every machine can check without being root.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runScenario } from '../server/src/analysis/run-scenario';
import type { Scenario } from '../src-sim/sim/scenario';
import { disagreements, type KernelAnswer } from './support/agreement';

const FOLDER = join(import.meta.dirname, 'data', 'kernel');

interface Recording {
  readonly scenario: Scenario;
  readonly answer: KernelAnswer;
}

function recordings(file: string): readonly Recording[] {
  return readFileSync(join(FOLDER, file), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): Recording => JSON.parse(line));
}

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.jsonl'))) {
  describe(file, () => {
    for (const { scenario, answer } of recordings(file)) {
      it(scenario.name ?? 'unnamed', () => {
        const ours = runScenario(scenario);
        expect(ours.load).toEqual({ ok: true, error: '' });
        const differing = answer.packets.flatMap((_, packet) =>
          disagreements(ours, answer, packet).map((aspect) => ({ packet, aspect })),
        );
        expect(differing).toEqual([]);
        expect(ours.counters).toEqual(answer.counters);
      });
    }
  });
}
