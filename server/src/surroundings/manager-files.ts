/** Programs of this host that write rules too, told by their own files: ufw, and Docker. */
import { join } from 'node:path';
import type { Beside } from '../analysis/beside';
import type { Document } from '../analysis/document';
import type { ReadText } from './read-text';

/** What `ufw allow` has written; '' where ufw is enabled and has nothing of the kind. Undefined where it is not. */
export async function readUfw(
  folders: readonly string[],
  { tree: { family } }: Document,
  readText: ReadText,
): Promise<Beside['ufw'] | undefined> {
  const places = folders.flatMap((folder) => [folder, join(folder, 'ufw')]);
  for (const folder of places) {
    const settings = await readText(join(folder, 'ufw.conf'));
    if (settings === undefined) continue;
    // @see ufw-init-functions: in either case of letters.
    if (!/^\s*ENABLED\s*=\s*["']?(?:yes|YES)\b/m.test(settings)) return undefined;
    return { userRules: (await readText(join(folder, family === 'ipv4' ? 'user.rules' : 'user6.rules'))) ?? '' };
  }
  return undefined;
}

/** Whether Docker runs here and writes rules: its `daemon.json` may tell it not to. */
export async function writesRulesOfDocker(folders: readonly string[], readText: ReadText): Promise<boolean> {
  const places = folders.flatMap((folder) => [folder, join(folder, 'docker')]);
  for (const folder of places) {
    const text = await readText(join(folder, 'daemon.json'));
    if (text !== undefined) return !/"iptables"\s*:\s*false/.test(text);
  }
  return false;
}
