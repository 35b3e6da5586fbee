/** The `ipvsadm -S -n` file that stands beside a ruleset and says that its host is an LVS director. */
import { join } from 'node:path';
import type { ReadText } from './read-text';

/** What distributions, and people, call it. */
export const IPVSADM_NAMES = ['ipvsadm.rules', 'ipvsadm.save', 'ipvsadm'];

/** Undefined where no such file stands in the folder. */
export async function readIpvsadmFile(folder: string, readText: ReadText): Promise<string | undefined> {
  for (const name of IPVSADM_NAMES) {
    const text = await readText(join(folder, name));
    if (text !== undefined && /^\s*-A\s/m.test(text)) return text;
  }
  return undefined;
}
