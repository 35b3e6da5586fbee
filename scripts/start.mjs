// `npm start`: VS Code with this checkout's extension, opened on examples/ with a real ruleset.
//   npm start               the desktop VS Code where `code` is on PATH, else the embedded one in a browser
//   npm start -- --no-open  the embedded one; only serves it and prints its address
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { profileDirs, remoteUri, startEmbeddedVsCode, windowAddress } from './embedded-vscode.mjs';
import { installEmbeddedVsCode } from './install-embedded-vscode.mjs';
import { examplesDir, root, startRuleset } from './paths.mjs';
import { findOnPath, isRoot, runCommand } from './run-command.mjs';

const parent = process.ppid;
const open = !process.argv.includes('--no-open');

/** VS Code for the desktop; it refuses to run as root. */
function desktopVsCode() {
  return isRoot ? undefined : findOnPath(process.platform === 'win32' ? ['code.cmd'] : ['code']);
}

/** @param {string} code */
async function startDesktop(code) {
  console.log(`Opening ${code} …`);
  process.exitCode = await runCommand(code, [`--extensionDevelopmentPath=${root}`, examplesDir, startRuleset]);
}

async function startEmbedded() {
  await installEmbeddedVsCode();
  const profile = profileDirs('start');
  linkCheckout(profile.extensionsDir);
  const server = await startEmbeddedVsCode(profile, { trustWorkspace: true });
  const address = windowAddress(server, examplesDir, [['openFile', remoteUri(server, startRuleset)]]);
  console.log(`\nChainwalk in VS Code:\n\n  ${address}\n\nCtrl-C stops it.`);
  if (open) openInBrowser(address);
  stopAtTheEnd(server.stop);
  await server.ended;
}

/**
 * On Ctrl-C and its like, and when npm is gone: a signal that ends npm does not reach the program that it runs.
 * @param {() => Promise<void>} stop
 */
function stopAtTheEnd(stop) {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.once(signal, () => void stop());
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    void stop();
  }, 1000);
  watch.unref();
}

/**
 * A link instead of a copy: after `npm run build`, reloading the window is enough.
 * @param {string} extensionsDir
 */
function linkCheckout(extensionsDir) {
  const { publisher, name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  rmSync(extensionsDir, { recursive: true, force: true });
  mkdirSync(extensionsDir, { recursive: true });
  symlinkSync(root, join(extensionsDir, `${publisher}.${name}-${version}`), 'dir');
}

/** @param {string} address */
function openInBrowser(address) {
  const hasDesktop =
    process.platform === 'darwin' || (process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY) !== undefined;
  const opener = process.platform === 'darwin' ? findOnPath(['open']) : findOnPath(['wslview', 'xdg-open']);
  if (opener === undefined || !hasDesktop) return;
  const child = spawn(opener, [address], { stdio: 'ignore', detached: true });
  child.on('error', (error) => console.error(`${opener}: ${error.message}`));
  child.unref();
}

try {
  const code = open ? desktopVsCode() : undefined;
  await (code === undefined ? startEmbedded() : startDesktop(code));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
