/** What a command may do with the world: read files and lines, write text. Commands touch Node through it alone. */
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

export interface Terminal {
  /** Whether a person looks at it who wants colours. */
  readonly color: boolean;
  readFile(path: string): Promise<string>;
  writeFile(path: string, text: string): Promise<void>;
  /** The lines of standard input. */
  inputLines(): AsyncIterable<string>;
  /** Waits where the reader is slow. */
  write(text: string): Promise<void>;
  /** Writes a line to standard error. */
  complain(line: string): void;
}

export const processTerminal: Terminal = {
  color: process.stdout.isTTY === true && !process.env.NO_COLOR,
  readFile: (path) => readFile(path, 'utf8'),
  writeFile: (path, text) => writeFile(path, text),
  inputLines: () => createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY }),
  async write(text) {
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  },
  complain: (line) => void process.stderr.write(`chainwalk: ${line}\n`),
};
