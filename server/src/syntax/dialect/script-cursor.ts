/** A command of a script that is still being written, up to the cursor. */
import type { Word } from '../tree';
import { shellCommands } from './shell-commands';

export interface UnfinishedCommand {
  /** Behind the program's name, as far as they are finished. */
  readonly words: readonly Word[];
  /** The word at the cursor, as it stands in the text; empty behind a blank. */
  readonly written: string;
}

/**
 * @param before the command's text from the program's name up to the cursor
 * @returns undefined where nothing can be said: in quotes, in a comment, within `$(…)`
 */
export function unfinishedCommand(before: string): UnfinishedCommand | undefined {
  const command = shellCommands(before).commands.at(-1);
  if (command === undefined) return undefined;
  const [, ...words] = command.words;
  const last = words.at(-1);
  if (last === undefined || last.span.end < before.length)
    return /[\s]$/.test(before) ? { words, written: '' } : undefined;
  const written = before.slice(last.span.start);
  return /["'`$\\(]/.test(written) ? undefined : { words: words.slice(0, -1), written };
}
