/** `chainwalk lint FILE…`: what is wrong with rulesets, for people and for programs. */
import { resolve } from 'node:path';
import type { Document } from '../analysis/document';
import { placeAt } from '../analysis/text-lines';
import { type Diagnostic, diagnosticSlices } from '../features/diagnostics';
import { surroundedHints } from '../project/surrounded-hints';
import { readSurroundings } from '../surroundings/surroundings';
import { type RulesetOptions, readRuleset } from './read-ruleset';
import { printable, type Style, styleFor } from './style';
import type { Terminal } from './terminal';

export interface LintOptions extends RulesetOptions {
  readonly format: 'text' | 'json';
}

/** One finding; lines and columns count from 1, the end is behind the last character. */
export interface LintLine {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly severity: Diagnostic['severity'];
  readonly code: string;
  readonly message: string;
}

/** @returns 0 where nothing was found, 1 where something was, 2 where a file could not be read. */
export async function lintFiles(files: readonly string[], options: LintOptions, terminal: Terminal): Promise<number> {
  const found: LintLine[] = [];
  let unreadable = false;
  for (const file of files) {
    const document = await readRuleset(file, options, terminal);
    if (document === undefined) unreadable = true;
    else found.push(...(await lintDocument(file, document)));
  }
  await terminal.write(options.format === 'json' ? `${JSON.stringify(found, null, 2)}\n` : textOf(found, terminal));
  if (unreadable) return 2;
  return found.length > 0 ? 1 : 0;
}

async function lintDocument(file: string, document: Document): Promise<readonly LintLine[]> {
  const around = await readSurroundings(resolve(file), document);
  const options = { choices: around.project.choices, beside: around.beside };
  const slices = [...diagnosticSlices(document, surroundedHints(document, undefined, around), options)];
  const lines = slices
    .flat()
    .filter(({ suppressed }) => suppressed === undefined)
    .map((one) => lintLine(file, document, one));
  return lines.sort((a, b) => a.line - b.line || a.column - b.column);
}

function lintLine(file: string, document: Document, { span, severity, code, message }: Diagnostic): LintLine {
  const start = placeOf(document, span.start);
  const end = placeOf(document, span.end);
  return { file, ...start, endLine: end.line, endColumn: end.column, severity, code, message };
}

function placeOf(document: Document, offset: number): { readonly line: number; readonly column: number } {
  const { line, column } = placeAt(document, offset);
  return { line: line + 1, column: column + 1 };
}

function textOf(found: readonly LintLine[], terminal: Terminal): string {
  const style = styleFor(terminal.color);
  return found.map((one) => `${lineText(one, style)}\n`).join('');
}

function lineText({ file, line, column, severity, code, message }: LintLine, style: Style): string {
  const paint = severity === 'error' ? style.bad : severity === 'warning' ? style.warn : style.accent;
  const place = style.bold(`${printable(file)}:${line}:${column}:`);
  return `${place} ${paint(`${severity}:`)} ${printable(message)} ${style.dim(`[${code}]`)}`;
}
