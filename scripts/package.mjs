// `npm run package`: chainwalk.vsix, built for production, at most 1 MB, with nothing in it that a user does not run or read.
// What goes in is the list in .vscodeignore.
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { packageFile } from './paths.mjs';
import { runTool } from './run-command.mjs';

const mostBytes = 1024 * 1024;

// No --dependencies: everything is bundled. Links in the README stay relative: they are images of the package itself.
const flags = ['--no-dependencies', '--no-rewrite-relative-links', '--allow-missing-repository', '--out', packageFile];

/** Packs and resolves to the exit code. */
export async function packExtension({ quiet = false } = {}) {
  const code = await runTool('vsce', ['package', ...flags], { quiet });
  if (code !== 0) return code;
  const { size } = statSync(packageFile);
  if (size > mostBytes) {
    console.error(`${packageFile} has ${size} bytes; at most ${mostBytes} are wanted.`);
    return 1;
  }
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await packExtension();
