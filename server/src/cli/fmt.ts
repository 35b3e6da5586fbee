/** `chainwalk fmt FILE…`: rulesets as iptables-save would print them. */
import type { Document } from '../analysis/document';
import { applyEdits, format } from '../analysis/format';
import { problemText, type Variant } from '../analysis/variant';
import { type RulesetOptions, readRuleset } from './read-ruleset';
import { printable } from './style';
import type { Terminal } from './terminal';

export interface FmtOptions extends RulesetOptions {
  readonly variant: Variant;
  /** Names the files that are not in canonical form instead of printing them. */
  readonly check?: boolean;
  /** Writes the files instead of printing them. */
  readonly write?: boolean;
}

/**
 * @returns 0; 1 where `--check` found a file that is not in canonical form; 2 where a file could not be read, or holds
 *   what is not understood: nothing is written then
 */
export async function formatFiles(files: readonly string[], options: FmtOptions, terminal: Terminal): Promise<number> {
  const results: Result[] = [];
  for (const file of files) results.push(await formatFile(file, options, terminal));
  const formatted = results.filter((result) => result !== undefined);
  const changed = formatted.filter(({ document, text }) => text !== document.text);
  if (options.check) {
    await terminal.write(changed.map(({ file }) => `${printable(file)}\n`).join(''));
  } else if (options.write) {
    if (formatted.length === results.length) for (const { file, text } of changed) await terminal.writeFile(file, text);
  } else {
    for (const { text } of formatted) await terminal.write(text);
  }
  if (formatted.length < results.length) return 2;
  return options.check && changed.length > 0 ? 1 : 0;
}

type Result = { readonly file: string; readonly document: Document; readonly text: string } | undefined;

async function formatFile(file: string, options: FmtOptions, terminal: Terminal): Promise<Result> {
  const document = await readRuleset(file, options, terminal);
  if (document === undefined) return undefined;
  // Bytes that are no UTF-8 have become this character: they could not be written back.
  if (document.text.includes('\uFFFD')) {
    terminal.complain(`${file}: not formatted: it is not UTF-8`);
    return undefined;
  }
  const inPlace = options.check === true || options.write === true;
  const formatted = format(document, { variant: options.variant, inPlace });
  if (formatted.kind === 'formatted') return { file, document, text: applyEdits(document, formatted.edits) };
  const { problem } = formatted;
  const place = `${file}:${problem.line + 1}:${problem.span.start + 1}`;
  terminal.complain(printable(`${place}: not formatted: ${problemText(problem)}`));
  return undefined;
}
