/** `chainwalk simulate --jsonl`: scenarios in, results out, one a line. */
import type { Scenario } from '../../../src-sim/sim/scenario';
import type { Result } from '../../../src-sim/sim/trace';
import { refusedResult, runScenario } from '../analysis/run-scenario';
import type { Terminal } from './terminal';

/** As many lines out as in, in their order, whatever a line holds. */
export async function simulateLines(terminal: Terminal): Promise<number> {
  for await (const line of terminal.inputLines()) {
    await terminal.write(`${JSON.stringify(answer(line))}\n`);
  }
  return 0;
}

function answer(line: string): Result {
  try {
    const scenario = readScenario(JSON.parse(line));
    return typeof scenario === 'string' ? refusedResult(`1:1: ${scenario}`) : runScenario(scenario);
  } catch (error) {
    return refusedResult(`1:1: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The scenario, or why it is none. What lies deeper is checked where it is used. */
function readScenario(value: unknown): Scenario | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'a scenario is a JSON object';
  if (!('rules' in value) || typeof value.rules !== 'string') return '"rules" must be iptables-save text';
  if ('family' in value && value.family !== 4 && value.family !== 6) return '"family" is 4 or 6';
  if ('packets' in value && !Array.isArray(value.packets)) return '"packets" must be a list';
  return value as unknown as Scenario;
}
