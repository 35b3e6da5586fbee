/**
 * The witnesses of the examples, before and after each fix, as real kernels judged them: 6.18 for conntrack, 6.1 with
 * IPVS for directors. Recorded: the last line that TRACE logged for each packet.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runScenario } from '../server/src/analysis/run-scenario';
import type { Scenario } from '../src-sim/sim/scenario';

interface Recording {
  readonly name: string;
  readonly kernel: string;
  readonly scenario: Scenario;
  readonly ends: readonly string[];
}

const recordings = readFileSync(join(import.meta.dirname, 'data', 'lint', 'kernel-ends.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line): Recording => JSON.parse(line));

describe('packets end where the kernel says', () => {
  it.each(recordings.map((recording) => [`${recording.name} (${recording.kernel})`, recording] as const))(
    '%s',
    (_, { scenario, ends }) => {
      const { load, packets } = runScenario(scenario);
      expect(load).toEqual({ ok: true, error: '' });
      expect(packets.map(({ trace }) => trace.at(-1))).toEqual(ends);
    },
  );
});
