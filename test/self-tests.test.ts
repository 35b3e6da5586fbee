/** What the kernel's own self-tests of conntrack assert. The answers of a kernel are in test/data/kernel as well. */
import { describe, expect, it } from 'vitest';
import { runScenario } from '../server/src/analysis/run-scenario';
import { INVALID_RULE, SELF_TESTS } from './support/scenarios/self-tests';

describe.each(SELF_TESTS.map((test) => [test.scenario.name ?? '', test] as const))(
  '%s',
  (_, { scenario, invalid, entry }) => {
    const { packets, counters } = runScenario(scenario);

    it(`has ${invalid} INVALID packets`, () => {
      expect(counters[INVALID_RULE]?.[0]).toBe(invalid);
    });

    it(`ends with ${entry}`, () => {
      expect(packets.at(-1)?.conntrack.join('\n')).toContain(entry);
    });
  },
);
