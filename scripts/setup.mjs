// What `npm start` and `npm test` need beforehand: node_modules as package-lock.json says, and a build.
// Only Node's own modules here, for node_modules may not be there yet. Says nothing when there is nothing to do.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { mustRun, npm } from './run-command.mjs';

const oldestNode = 20;

/** @typedef {{version?: string, optional?: boolean, devOptional?: boolean, link?: boolean}} LockedPackage */

/**
 * @param {string} file
 * @returns {Record<string, LockedPackage> | undefined}
 */
function lockedPackages(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** npm keeps a list of what it has installed; it is fresh when every package of the lock file is on it, in that version. */
function isInstalled() {
  const installed = lockedPackages('node_modules/.package-lock.json');
  if (installed === undefined) return false;
  return Object.entries(lockedPackages('package-lock.json') ?? {}).every(([path, locked]) => {
    if (path === '') return true;
    const there = installed[path];
    // Packages of another platform are listed in the lock file and never installed.
    if (there === undefined) return locked.optional === true;
    return there.version === locked.version && existsSync(join(root, path));
  });
}

async function setUp() {
  if (Number.parseInt(process.versions.node, 10) < oldestNode) {
    throw new Error(`Node ${oldestNode} or newer is needed; this is ${process.versions.node}.`);
  }
  if (!isInstalled()) {
    console.log('Installing packages (npm ci)…');
    await npm(['ci', '--no-fund', '--no-audit', '--loglevel=error'], { quiet: true });
  }
  await mustRun(process.execPath, ['esbuild.mjs']);
}

try {
  await setUp();
} catch (error) {
  console.error(`Set-up failed: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
