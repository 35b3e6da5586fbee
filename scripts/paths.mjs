// Where things are in a checkout. The one place that spells these folders out for the scripts.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const distDir = join(root, 'dist');
export const examplesDir = join(root, 'examples');
export const startRuleset = join(examplesDir, 'notrack.rules');
export const packageFile = join(root, 'chainwalk.vsix');
export const e2eDir = join(root, 'test', 'e2e');
export const screenshotsDir = join(e2eDir, 'screenshots');
export const e2eOutDir = join(root, 'out', 'e2e');

/** Ignored by git; the name that VS Code's own test tools use. */
export const vscodeTestDir = join(root, '.vscode-test');
