/** What a command may do with the world: read files and lines, write text. Commands touch Node through it alone. */
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

export interface Terminal {
  /** Whether a person looks at it who wants colours. */
  readonly color: boolean;
  readFile(path: string): Promise<string>;
  /** Undefined where nothing is there. */
  kindOf(path: string): Promise<'file' | 'folder' | undefined>;
  writeFile(path: string, text: string): Promise<void>;
  /** The lines of standard input. */
  inputLines(): AsyncIterable<string>;
  /** Waits where the reader is slow. */
  write(text: string): Promise<void>;
  /** Writes a line to standard error. */
  complain(line: string): void;
  /** Shows how far a long work is, where a person looks at it; '' takes it away. */
  progress(text: string): void;
  /** What a thread of this program runs; undefined: everything is done in this one. */
  readonly program?: URL;
}

export const processTerminal: Terminal = {
  color: process.stdout.isTTY === true && !process.env.NO_COLOR,
  readFile: (path) => readFile(path, 'utf8'),
  writeFile: (path, text) => writeFile(path, text),
  inputLines: () => createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY }),
  async write(text) {
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  },
  kindOf: async (path) => {
    const found = await stat(path).catch(() => undefined);
    return found && (found.isDirectory() ? 'folder' : 'file');
  },
  complain: (line) => void process.stderr.write(`chainwalk: ${line}\n`),
  progress: (text) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${text}`);
  },
  program: new URL(import.meta.url),
};
