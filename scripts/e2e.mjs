// The end-to-end test: the packed extension in a real VS Code (the embedded one), in a real browser.
// First the suite inside the extension host, which the desktop driver runs too (scripts/test-desktop.mjs), then the window.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { chromiumExecutable, chromiumFlags, howToGetChromium } from './chromium.mjs';
import { buildTests, copyExamples, hostSuite, uiTest } from './e2e-workspace.mjs';
import { installExtension, profileDirs, remoteUri, startEmbeddedVsCode, windowAddress } from './embedded-vscode.mjs';
import { installEmbeddedVsCode } from './install-embedded-vscode.mjs';
import { packExtension } from './package.mjs';
import { packageFile, root, screenshotsDir } from './paths.mjs';
import { isCi } from './run-command.mjs';

/** @typedef {import('../test/e2e/steps').StepResult} StepResult */
/** @typedef {import('playwright-core').Browser} Browser */
/** @typedef {import('./embedded-vscode.mjs').EmbeddedVsCode} EmbeddedVsCode */
/** @typedef {import('./embedded-vscode.mjs').Profile} Profile */

const suiteTimeoutMilliseconds = 180_000;

/** How VS Code looks on the screenshots. */
const settings = { 'workbench.colorTheme': 'Dark Modern', 'editor.minimap.enabled': false };

/**
 * Runs everything and resolves to the results of the steps; undefined where there is no browser, and none is demanded.
 * @returns {Promise<StepResult[] | undefined>}
 */
export async function runEndToEnd() {
  const executablePath = await chromiumExecutable();
  if (executablePath === undefined) {
    if (isCi) return [failure('a browser', howToGetChromium)];
    console.warn(`\n*** The end-to-end test is SKIPPED. ${howToGetChromium} ***\n`);
    return undefined;
  }
  await Promise.all([installEmbeddedVsCode(), buildTests()]);
  if ((await packExtension({ quiet: true })) !== 0) return [failure('package', 'npm run package failed, see above')];
  const profile = profileDirs('e2e');
  rmSync(profile.profileDir, { recursive: true, force: true });
  await installExtension(profile, packageFile);
  const browser = await chromium.launch({ executablePath, args: chromiumFlags });
  try {
    return [...(await hostSuiteResults(profile, browser)), ...(await uiResults(profile, browser))];
  } finally {
    await browser.close();
  }
}

/**
 * @param {string} name
 * @param {string} error
 * @returns {StepResult}
 */
function failure(name, error) {
  return { name, milliseconds: 0, error };
}

/**
 * @template T
 * @param {Profile} profile
 * @param {{trustWorkspace: boolean, forTests?: boolean}} options
 * @param {(server: EmbeddedVsCode) => Promise<T>} use
 */
async function withServer(profile, options, use) {
  const server = await startEmbeddedVsCode(profile, { ...options, settings });
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

/**
 * In Restricted Mode, since the extension is to do everything there too: it executes nothing of the workspace.
 * Opens a window whose address names the suite: VS Code runs it in its extension host and tells the page the exit code.
 * @param {Profile} profile
 * @param {Browser} browser
 * @returns {Promise<StepResult[]>}
 */
function hostSuiteResults(profile, browser) {
  const folder = copyExamples(profile.profileDir);
  const resultsFile = join(profile.profileDir, 'results.json');
  return withServer(profile, { trustWorkspace: false, forTests: true }, async (server) => {
    const page = await browser.newPage();
    /** @type {Promise<number>} */
    const exitCode = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no answer from the suite')), suiteTimeoutMilliseconds);
      // Called by VS Code in the page: workbench/services/extensions/browser/extensionService.ts.
      void page.exposeFunction('codeAutomationExit', (/** @type {number} */ code) => {
        clearTimeout(timer);
        resolve(code);
      });
    });
    await page.goto(
      windowAddress(server, folder, [
        ['extensionDevelopmentPath', remoteUri(server, installedExtension(profile))],
        ['extensionTestsPath', remoteUri(server, hostSuite)],
        ['extensionEnvironment', JSON.stringify({ CHAINWALK_E2E_RESULTS: resultsFile, CHAINWALK_E2E_RESTRICTED: '1' })],
      ]),
    );
    try {
      await exitCode;
      return JSON.parse(readFileSync(resultsFile, 'utf8'));
    } catch (error) {
      await page.screenshot({ path: join(screenshotsDir, 'failed-host-suite.png') });
      return [failure('the suite in the extension host', String(error))];
    } finally {
      await page.close();
    }
  });
}

/** @param {Profile} profile */
function installedExtension({ extensionsDir }) {
  const { publisher, name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return join(extensionsDir, `${publisher}.${name}-${version}`);
}

/**
 * @param {Profile} profile
 * @param {Browser} browser
 * @returns {Promise<StepResult[]>}
 */
async function uiResults(profile, browser) {
  const folder = copyExamples(profile.profileDir);
  /** @type {typeof import('../test/e2e/ui')} */
  const { runUi } = await import(pathToFileURL(uiTest).href);
  return withServer(profile, { trustWorkspace: true }, (server) => {
    const addressOf = (/** @type {string} */ ruleset) =>
      windowAddress(server, folder, [['openFile', remoteUri(server, join(folder, ruleset))]]);
    return runUi(browser, addressOf, screenshotsDir);
  });
}

/** @param {readonly StepResult[]} results */
export function printResults(results) {
  for (const { name, milliseconds, error } of results) {
    console.log(` ${error === undefined ? '✓' : '✗'} e2e: ${name} (${milliseconds} ms)`);
    if (error !== undefined) console.log(error.replaceAll(/^/gm, '     '));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const results = (await runEndToEnd()) ?? [];
  printResults(results);
  process.exitCode = results.some(({ error }) => error !== undefined) ? 1 : 0;
}
