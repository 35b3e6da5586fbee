// A whole VS Code from the npm registry: code-server, served on 127.0.0.1, for `npm start` and the end-to-end test.
// It is installed into .vscode-test/ and keeps everything there: nothing of it touches the user's own VS Code or home.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeServerEntry, nodeForCodeServer } from './install-embedded-vscode.mjs';
import { vscodeTestDir } from './paths.mjs';
import { mustRun } from './run-command.mjs';

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

/** @param {Profile} profile */
function codeServerArguments({ profileDir, extensionsDir, userDataDir }) {
  return [
    codeServerEntry,
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
  return mustRun(
    nodeForCodeServer().executable,
    [...codeServerArguments(profile), '--install-extension', vsix, '--force'],
    {
      env: cleanEnvironment(profile),
      quiet: true,
    },
  );
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
  const child = spawn(nodeForCodeServer().executable, [...codeServerArguments(profile), ...flags], {
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
