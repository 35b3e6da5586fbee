// `npm run test:desktop`: the suite of the extension host in VS Code for the desktop, in the oldest release that
// engines.vscode names and in the newest. @vscode/test-electron downloads them: this needs the internet (and a display,
// for example `xvfb-run -a npm run test:desktop`), so CI runs the same suite in the embedded VS Code instead: scripts/e2e.mjs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTests } from '@vscode/test-electron';
import { printResults } from './e2e.mjs';
import { buildTests, copyExamples, hostSuite } from './e2e-workspace.mjs';
import { root, vscodeTestDir } from './paths.mjs';
import { mustRun } from './run-command.mjs';

const oldest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.vscode.replace('^', '');
const desktopDir = join(vscodeTestDir, 'desktop');

await mustRun(process.execPath, ['esbuild.mjs', '--production']);
await buildTests();
for (const version of [oldest, 'stable']) {
  const folder = copyExamples(desktopDir);
  const resultsFile = join(desktopDir, `results-${version}.json`);
  try {
    await runTests({
      version,
      extensionDevelopmentPath: root,
      extensionTestsPath: hostSuite,
      extensionTestsEnv: { CHAINWALK_E2E_RESULTS: resultsFile },
      launchArgs: [folder, '--disable-extensions', '--disable-workspace-trust'],
    });
    console.log(`VS Code ${version}:`);
    printResults(JSON.parse(readFileSync(resultsFile, 'utf8')));
  } catch (error) {
    console.error(`VS Code ${version}: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
