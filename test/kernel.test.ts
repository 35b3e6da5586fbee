/** The simulator against real kernels: recorded answers, so that every machine can check without being root. */
import { describe, expect, it } from 'vitest';
import { runScenario } from '../server/src/analysis/run-scenario';
import { disagreements } from './support/agreement';
import { RECORDING_FILES, readRecordings } from './support/recordings';

describe.each(RECORDING_FILES)('%s', (file) => {
  it.each(readRecordings(file).map((recording) => [recording.scenario.name ?? 'unnamed', recording] as const))(
    '%s',
    (_, { scenario, answer }) => {
      const ours = runScenario(scenario);
      expect(ours.load).toEqual({ ok: true, error: '' });
      const differing = answer.packets.flatMap((_, packet) =>
        disagreements(ours, answer, packet).map((aspect) => ({ packet, aspect })),
      );
      expect(differing).toEqual([]);
      if (answer.counters) expect(ours.counters).toEqual(answer.counters);
      if (answer.ebtables) expect(ours.ebtables).toEqual(answer.ebtables);
    },
  );
});
