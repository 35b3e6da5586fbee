/**
 * A ruleset's text and its tree, as one unchangeable value. An edit makes a new one and reads only the lines that it
 * touches; every other line is the same object as before, so that whatever was worked out for a line can be kept.
 */
import type { Family } from '../../../src-sim/net/address';
import type { TableName } from '../../../src-sim/netfilter/hook';
import { type ChosenDialect, chooseDialect } from '../syntax/dialect/choose-dialect';
import type { Dialect } from '../syntax/dialect/dialect';
import { readDressed } from '../syntax/dialect/read';
import { templateTags } from '../syntax/dialect/template-tags';
import { guessFamily, SAMPLE_LENGTH } from '../syntax/family';
import { linesOf, splitLines } from '../syntax/parse';
import type { Line, Span, Tree } from '../syntax/tree';
import { readLine } from './read-line';

export interface Document {
  /** Pieced together when somebody asks. */
  readonly text: string;
  readonly tree: Tree;
  /** Offset of each line's first character. */
  readonly lineStarts: Uint32Array;
  readonly options: DocumentOptions;
  readonly dialect: Dialect;
  /** A script may speak to both families: the same text, seen as the other one's. */
  readonly others?: readonly Document[];
  /** A template that only its place-holders show to be one, as iptables-restore would be given it. */
  readonly literal?: Document;
}

export interface DocumentOptions {
  /** Name or path of the file: `rules.v6` says which family it is for. */
  readonly fileName?: string;
  /** Where it is known; otherwise it is guessed. */
  readonly family?: Family;
  /** Where it is known; otherwise the name and the text say it. */
  readonly dialect?: Dialect;
  /** The table of a listing, which does not name it. */
  readonly table?: TableName;
}

/** The text from `start` to `end` is replaced. */
export interface TextChange extends Span {
  readonly text: string;
}

export function createDocument(text: string, options: DocumentOptions = {}): Document {
  const { dialect, byName } = dialectFor(text, options);
  if (dialect === 'restore') return restoreDocument(text, options);
  if (dialect !== 'template' || byName) return dressedDocument(text, dialect, options);
  const literal = restoreDocument(text, options);
  // What iptables-restore takes as it stands is meant so: `$5` in a comment.
  return isRefusedForTags(literal) ? { ...dressedDocument(text, dialect, options), literal } : literal;
}

function dialectFor(text: string, { dialect, fileName }: DocumentOptions): ChosenDialect {
  return dialect ? { dialect, byName: true } : chooseDialect(text, fileName);
}

function isRefusedForTags({ tree }: Document): boolean {
  return tree.lines.some(
    ({ problems, text }) => problems.some(({ severity }) => severity === 'error') && templateTags(text).length > 0,
  );
}

function dressedDocument(text: string, dialect: Dialect, options: DocumentOptions): Document {
  const { trees, starts } = readDressed(text, dialect, options.family ?? guessFamily(text, options.fileName));
  const lineStarts = Uint32Array.from(starts);
  const sideOf = (tree: Tree): Document => {
    const { table } = options;
    return { text, tree: table ? { ...tree, table } : tree, lineStarts, options, dialect };
  };
  const [first, ...others] = trees;
  return others.length === 0 ? sideOf(first) : { ...sideOf(first), others: others.map(sideOf) };
}

function restoreDocument(text: string, options: DocumentOptions): Document {
  const family = options.family ?? guessFamily(text, options.fileName);
  const lines = Array.from(linesOf(text), (line) => readLine(line, family));
  return documentOf(family, lines, startsOf(lines, 0), options);
}

export function editDocument(document: Document, change: TextChange): Document {
  const { tree, options, lineStarts } = document;
  if (document.dialect !== 'restore') {
    const { text } = document;
    return createDocument(text.slice(0, change.start) + change.text + text.slice(change.end), options);
  }
  const first = lineAt(document, change.start);
  const last = lineAt(document, change.end);
  const regionStart = lineStarts[first] ?? 0;
  const before = textOf(tree.lines.slice(first, last + 1));
  const after = before.slice(0, change.start - regionStart) + change.text + before.slice(change.end - regionStart);
  const touched = splitLines(after);
  // A region that does not reach the end of the file ends with a newline, behind which no line of its own begins.
  if (last < tree.lines.length - 1) touched.pop();
  const read = touched.map((line) => readLine(line, tree.family));
  const lines = tree.lines.slice(0, first).concat(read, tree.lines.slice(last + 1));
  const starts = spliced(lineStarts, first, last + 1, startsOf(read, regionStart), after.length - before.length);
  if (change.start < SAMPLE_LENGTH && familyOf(lines, options) !== tree.family) {
    return createDocument(textOf(lines), options);
  }
  const edited = documentOf(tree.family, lines, starts, options);
  return changesDialect(edited, change) ? createDocument(edited.text, options) : edited;
}

/** Of a long text only an edit that may matter is asked about: in its first lines, or with the brackets of tags. */
function changesDialect(edited: Document, { start, text }: TextChange): boolean {
  const { options, lineStarts } = edited;
  const isLong = (lineStarts.at(-1) ?? 0) > SAMPLE_LENGTH;
  if (isLong && start > FIRST_LINES && !/[{}%<>$@]/.test(text)) return false;
  return dialectFor(edited.text, options).dialect !== 'restore';
}

const FIRST_LINES = 1_000;

/** The document and, of a script for both families, its other side. */
export function sidesOf(document: Document): readonly Document[] {
  return [document, ...(document.others ?? [])];
}

/** The side on which the line at an offset is not foreign. */
export function sideAt(document: Document, offset: number): Document {
  if (document.others === undefined) return document;
  const line = lineTouching(document, offset);
  return sidesOf(document).find(({ tree }) => tree.lines[line]?.kind !== 'foreign') ?? document;
}

/** The line at an offset; where a script's command ends just there, the command. */
export function lineTouching(document: Document, offset: number): number {
  const line = lineAt(document, offset);
  const isBehind = document.dialect === 'script' && line > 0 && document.lineStarts[line] === offset;
  return isBehind && sidesOf(document).every(({ tree }) => !isCommand(tree.lines[line])) ? line - 1 : line;
}

function isCommand(line: Line | undefined): boolean {
  return line?.kind === 'command' || line?.kind === 'unknown';
}

/** The line that an offset stands in, from 0. */
export function lineAt({ lineStarts }: Pick<Document, 'lineStarts'>, offset: number): number {
  let low = 0;
  let high = lineStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** A span of a line as offsets in the document. */
export function spanInDocument(document: Pick<Document, 'lineStarts'>, line: number, span: Span): Span {
  const start = document.lineStarts[line] ?? 0;
  return { start: start + span.start, end: start + span.end };
}

function documentOf(
  family: Family,
  lines: readonly Line[],
  lineStarts: Uint32Array,
  options: DocumentOptions,
): Document {
  let text: string | undefined;
  return {
    get text() {
      text ??= textOf(lines);
      return text;
    },
    tree: { family, lines },
    lineStarts,
    options,
    dialect: 'restore',
  };
}

function textOf(lines: readonly Line[]): string {
  return lines.map((line) => line.text).join('');
}

function familyOf(lines: readonly Line[], options: DocumentOptions): Family {
  if (options.family) return options.family;
  let sample = '';
  for (const line of lines) {
    sample += line.text;
    if (sample.length >= SAMPLE_LENGTH) break;
  }
  return guessFamily(sample, options.fileName);
}

function startsOf(lines: readonly Line[], start: number): Uint32Array {
  const starts = new Uint32Array(lines.length);
  let next = start;
  for (const [number, line] of lines.entries()) {
    starts[number] = next;
    next += line.text.length;
  }
  return starts;
}

/** `starts` with those from `first` to `end` replaced, and those behind them moved. */
function spliced(starts: Uint32Array, first: number, end: number, replaced: Uint32Array, moved: number): Uint32Array {
  const result = new Uint32Array(starts.length - (end - first) + replaced.length);
  const behind = first + replaced.length;
  result.set(starts.subarray(0, first));
  result.set(replaced, first);
  result.set(starts.subarray(end), behind);
  for (let at = behind; at < result.length; at += 1) result[at] = (result[at] ?? 0) + moved;
  return result;
}
