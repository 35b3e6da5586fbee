/** Reads the rulesets that a command is given, or says why not. */
import type { TableName } from '../../../src-sim/netfilter/hook';
import { createDocument, type Document } from '../analysis/document';
import type { Terminal } from './terminal';

export interface RulesetOptions {
  /** Which family the files are for; where it is not given, the file itself says so. */
  readonly family?: '4' | '6';
  /** Of a listing, which does not name it. */
  readonly table?: TableName;
}

/** Undefined where the file cannot be read, which the terminal was told. */
export async function readRuleset(
  file: string,
  options: RulesetOptions,
  terminal: Terminal,
): Promise<Document | undefined> {
  try {
    return rulesetOf(await terminal.readFile(file), file, options);
  } catch (error) {
    terminal.complain(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

export function rulesetOf(text: string, file: string, { family, table }: RulesetOptions): Document {
  return createDocument(text, {
    fileName: file,
    ...(family && { family: family === '4' ? 'ipv4' : 'ipv6' }),
    ...(table && { table }),
  });
}
