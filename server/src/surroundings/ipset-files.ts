/** Files beside a ruleset that hold what `ipset save` prints. */
import { join } from 'node:path';
import { namesIn, type ReadText } from './read-text';

/** What distributions call them: netfilter-persistent, the `ipset` service, and people. */
const IPSET_FILE = /^(?:ipsets?(?:\.(?:conf|save|rules))?|.*\.ipset)$/;

/** Undefined where there is none. A file that makes a set which another has made is left out: it would not load. */
export async function readIpsetFiles(folders: readonly string[], readText: ReadText): Promise<string | undefined> {
  const made = new Set<string>();
  let all: string | undefined;
  for (const folder of folders) {
    for (const name of (await namesIn(folder)).filter((one) => IPSET_FILE.test(one))) {
      const text = (await readText(join(folder, name))) ?? '';
      const sets = [...text.matchAll(/^\s*(?:create|-N)\s+(\S+)/gm)].map((line) => line[1] ?? '');
      if (sets.length === 0 || sets.some((set) => made.has(set))) continue;
      for (const set of sets) made.add(set);
      all = `${all ?? ''}${text.trimEnd()}\n`;
    }
  }
  return all;
}
