/** The `ipvsadm -S -n` file that stands beside a ruleset and says that its host is an LVS director. */
import { open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What distributions, and people, call it. */
const NAMES = ['ipvsadm.rules', 'ipvsadm.save', 'ipvsadm'];

/** Far more than a director's services; a file of another kind is not read whole. */
const MOST_BYTES = 1_000_000;

/** Undefined where the document is no file of this machine, or no such file stands beside it. */
export async function readIpvsadmBeside(uri: string): Promise<string | undefined> {
  const folder = folderOf(uri);
  if (folder === undefined) return undefined;
  for (const name of NAMES) {
    const text = await readBeginning(join(folder, name));
    if (text !== undefined && /^\s*-A\s/m.test(text)) return text;
  }
  return undefined;
}

function folderOf(uri: string): string | undefined {
  try {
    return uri.startsWith('file:') ? dirname(fileURLToPath(uri)) : undefined;
  } catch {
    return undefined;
  }
}

async function readBeginning(path: string): Promise<string | undefined> {
  try {
    // A pipe or a device would be waited for.
    if (!(await stat(path)).isFile()) return undefined;
    await using file = await open(path, 'r');
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(MOST_BYTES) });
    return buffer.toString('utf8', 0, bytesRead);
  } catch {
    return undefined;
  }
}
