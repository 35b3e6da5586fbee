/** The command line, run in the test's own process with a terminal that keeps what is written. */
import { readFile, writeFile } from 'node:fs/promises';
import { runCommand } from '../../server/src/cli/program';
import { processTerminal, type Terminal } from '../../server/src/cli/terminal';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly errors: readonly string[];
}

export interface TerminalSetting {
  readonly input?: readonly string[];
  readonly color?: boolean;
}

export async function chainwalk(
  words: readonly string[],
  { input = [], color = false }: TerminalSetting = {},
): Promise<Ran> {
  let out = '';
  const errors: string[] = [];
  const terminal: Terminal = {
    color,
    readFile: (path) => readFile(path, 'utf8'),
    writeFile: (path, text) => writeFile(path, text),
    kindOf: processTerminal.kindOf,
    progress: () => undefined,
    async *inputLines() {
      yield* input;
    },
    write: async (text) => {
      out += text;
    },
    complain: (line) => errors.push(line),
  };
  return { code: await runCommand(words, terminal), out, errors };
}
