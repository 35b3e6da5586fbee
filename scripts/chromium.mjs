// A Chrome or Chromium for the end-to-end test: one that is there, else Debian's where we may install it.
import { existsSync } from 'node:fs';
import { findOnPath, isExecutable, isRoot, runCommand } from './run-command.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome', 'microsoft-edge'];

const places = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

export const howToGetChromium =
  'No Chrome or Chromium was found. Install one (Debian: `apt-get install chromium`), or name one in CHAINWALK_CHROMIUM.';

/** How Chromium runs without a desktop, as root, and without talking to its maker. */
export const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @returns {string | undefined} */
function findChromium() {
  const named = process.env.CHAINWALK_CHROMIUM;
  if (named !== undefined) return isExecutable(named) ? named : undefined;
  return findOnPath(names) ?? places.find((place) => existsSync(place));
}

/**
 * The executable, installed first where that is possible; undefined where there is none: see howToGetChromium.
 * @returns {Promise<string | undefined>}
 */
export async function chromiumExecutable() {
  const found = findChromium();
  if (found !== undefined || process.env.CHAINWALK_CHROMIUM !== undefined) return found;
  const apt = findOnPath(['apt-get']);
  if (apt === undefined || !isRoot) return undefined;
  console.log('Installing chromium (apt-get)…');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await runCommand(apt, ['update', '-q'], { env, quiet: true });
  await runCommand(apt, ['install', '-q', '-y', '--no-install-recommends', 'chromium'], { env, quiet: true });
  return findChromium();
}
