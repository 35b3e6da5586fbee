// What VS Code loads as its extension tests path, in code-server's extension host and in the desktop's alike.
import { writeFileSync } from 'node:fs';
import { runSteps } from '../steps';
import { notrackSteps } from './notrack';

/** Throws where a step failed: that is VS Code's exit code. The file named by the variable has the results in full. */
export async function run(): Promise<void> {
  const results = await runSteps(notrackSteps());
  const resultsFile = process.env.CHAINWALK_E2E_RESULTS;
  if (resultsFile !== undefined) writeFileSync(resultsFile, JSON.stringify(results));
  const failed = results.filter(({ error }) => error !== undefined);
  if (failed.length > 0) throw new Error(failed.map(({ name, error }) => `${name}: ${error}`).join('\n'));
}
