/** `sysctl.conf` and `sysctl.d/*.conf` beside a ruleset, as one list in the order in which they are applied. */
import { join } from 'node:path';
import { namesIn, type ReadText } from './read-text';

/**
 * Lines `net.ipv4.ip_forward = 1`, the later counts; undefined where there is no such file. `sysctl --system` reads the
 * folder by name and sysctl.conf last: sysctl(8).
 */
export async function readSysctlFiles(folders: readonly string[], readText: ReadText): Promise<string | undefined> {
  const lines: string[] = [];
  let isThere = false;
  for (const folder of folders) {
    const parts = (await namesIn(join(folder, 'sysctl.d'))).filter((name) => name.endsWith('.conf'));
    for (const path of [...parts.map((name) => join(folder, 'sysctl.d', name)), join(folder, 'sysctl.conf')]) {
      const text = await readText(path);
      if (text === undefined) continue;
      isThere = true;
      lines.push(...text.split('\n').flatMap(assignment));
    }
  }
  return isThere ? lines.map((line) => `${line}\n`).join('') : undefined;
}

/** A name may be written with slashes, where a dot belongs to the name of an interface: sysctl.d(5). */
function assignment(line: string): readonly string[] {
  const parts = /^\s*-?([\w./-]+)\s*=\s*(.*?)\s*$/.exec(line);
  if (parts === null || /^\s*[#;]/.test(line)) return [];
  const [, name = '', value = ''] = parts;
  const hasSlashes = /^[^./]*\//.test(name);
  const swapped = name.replace(/[./]/g, (sign) => (sign === '/' ? '.' : '/'));
  return [`${hasSlashes ? swapped : name} = ${value}`];
}
