// `npm test`: types, lint, unit tests, end-to-end test. A part that fails does not hide the others.
// The last line is always `N passed, N failed`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTool } from './run-command.mjs';

/** @typedef {{readonly passed: number, readonly failed: number}} Counts */

/**
 * A part that is one test: the exit code of a program.
 * @param {string} tool
 * @param {readonly string[]} args
 * @returns {Promise<Counts>}
 */
async function program(tool, args) {
  return (await runTool(tool, args)) === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** @returns {Promise<Counts>} */
async function unit() {
  const folder = mkdtempSync(join(tmpdir(), 'chainwalk-test-'));
  const report = join(folder, 'vitest.json');
  try {
    const code = await runTool('vitest', [
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ]);
    /** @type {{numPassedTests: number, numFailedTests: number, testResults: {status: string, assertionResults: unknown[]}[]}} */
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
    const notLoaded = testResults.filter(
      ({ status, assertionResults }) => status === 'failed' && !assertionResults.length,
    );
    const failed = numFailedTests + notLoaded.length;
    // An error outside of any test shows in the exit code only.
    return { passed: numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns {Promise<Counts>} */
async function endToEnd() {
  const { printResults, runEndToEnd } = await import('./e2e.mjs');
  const results = (await runEndToEnd()) ?? [];
  printResults(results);
  const failed = results.filter(({ error }) => error !== undefined).length;
  return { passed: results.length - failed, failed };
}

/** @type {readonly {name: string, run: () => Promise<Counts>}[]} */
const parts = [
  { name: 'types', run: () => program('tsc', ['--build']) },
  { name: 'lint', run: () => program('biome', ['check', '.']) },
  { name: 'unit', run: unit },
  { name: 'end-to-end', run: endToEnd },
];

let passed = 0;
let failed = 0;
for (const { name, run } of parts) {
  console.log(`\n── ${name}`);
  const counts = await run().catch((error) => {
    console.error(error);
    return { passed: 0, failed: 1 };
  });
  console.log(`── ${name}: ${counts.failed === 0 ? 'ok' : `${counts.failed} failed`}`);
  passed += counts.passed;
  failed += counts.failed;
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
