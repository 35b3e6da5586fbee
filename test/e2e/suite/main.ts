// What VS Code loads as its extension tests path, in code-server's extension host and in the desktop's alike.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { workspace } from 'vscode';
import { runSteps, type Step } from '../steps';
import { fileSteps } from './file-steps';
import { panelSteps } from './panel-steps';
import { pitfallSteps } from './pitfall-steps';

const restrictedMode: Step = {
  name: 'host: the window is in Restricted Mode where the driver says so',
  run: async () => assert.equal(workspace.isTrusted, process.env.CHAINWALK_E2E_RESTRICTED === undefined),
};

/** Throws where a step failed: that is VS Code's exit code. The file named by the variable has the results in full. */
export async function run(): Promise<void> {
  const results = await runSteps([restrictedMode, ...pitfallSteps(), ...panelSteps(), ...fileSteps()]);
  const resultsFile = process.env.CHAINWALK_E2E_RESULTS;
  if (resultsFile !== undefined) writeFileSync(resultsFile, JSON.stringify(results));
  const failed = results.filter(({ error }) => error !== undefined);
  if (failed.length > 0) throw new Error(failed.map(({ name, error }) => `${name}: ${error}`).join('\n'));
}
