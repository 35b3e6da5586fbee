/** Reads files beside a ruleset: their beginning, and regular files only, since a pipe or a device would be waited for. */
import { open, readdir, stat } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Far more than such a file holds; one of another kind is not read whole. */
const MOST_BYTES = 4_000_000;

/** Gives a file's text, or undefined where it cannot be had. */
export type ReadText = (path: string) => Promise<string | undefined>;

export async function readTextFile(path: string): Promise<string | undefined> {
  try {
    const about = await stat(path);
    if (!about.isFile()) return undefined;
    await using file = await open(path, 'r');
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(Math.min(MOST_BYTES, about.size + 1)) });
    return buffer.toString('utf8', 0, bytesRead);
  } catch {
    return undefined;
  }
}

/** Names in a folder, sorted; none where it cannot be read. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch {
    return [];
  }
}

/** Undefined for what is no file of this machine. */
export function pathOfUri(uri: string): string | undefined {
  try {
    return uri.startsWith('file:') ? fileURLToPath(uri) : undefined;
  } catch {
    return undefined;
  }
}

export function uriOfPath(path: string): string {
  return pathToFileURL(path).href;
}
