// What the end-to-end tests run on: the test bundles, and a copy of examples/ that they may edit.
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as esbuild from 'esbuild';
import { e2eDir, e2eOutDir, examplesDir } from './paths.mjs';

/** The suite that runs inside the extension host, on the vscode API alone. */
export const hostSuite = join(e2eOutDir, 'suite.cjs');

/** The test that works the window as a person does. */
export const uiTest = join(e2eOutDir, 'ui.mjs');

/** Bundles the tests: an extension host cannot load TypeScript. */
export async function buildTests() {
  /** @type {esbuild.BuildOptions} */
  const common = { bundle: true, platform: 'node', target: 'node20', sourcemap: 'inline', logLevel: 'warning' };
  await esbuild.build({
    ...common,
    entryPoints: [join(e2eDir, 'suite', 'main.ts')],
    outfile: hostSuite,
    format: 'cjs',
    external: ['vscode'],
  });
  await esbuild.build({
    ...common,
    entryPoints: [join(e2eDir, 'ui.ts')],
    outfile: uiTest,
    format: 'esm',
    packages: 'external',
  });
}

/**
 * A fresh copy of examples/ in `parent`, under its own name: it is what the window shows.
 * @param {string} parent
 */
export function copyExamples(parent) {
  const folder = join(parent, basename(examplesDir));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(parent, { recursive: true });
  cpSync(examplesDir, folder, { recursive: true });
  return folder;
}
