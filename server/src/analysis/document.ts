/**
 * A ruleset's text and its tree, as one unchangeable value. An edit makes a new one and reads only the lines that it
 * touches; every other line is the same object as before, so that whatever was worked out for a line can be kept.
 */
import type { Family } from '../../../src-sim/net/address';
import type { TableName } from '../../../src-sim/netfilter/hook';
import {
  type ChosenDialect,
  chooseDialect,
  SAMPLE_LENGTH as DIALECT_SAMPLE_LENGTH,
} from '../syntax/dialect/choose-dialect';
import type { Dialect } from '../syntax/dialect/dialect';
import { readDressed } from '../syntax/dialect/read';
import { templateTags } from '../syntax/dialect/template-tags';
import { guessFamily, SAMPLE_LENGTH } from '../syntax/family';
import { linesOf, splitLines } from '../syntax/parse';
import type { Line, Span, Tree } from '../syntax/tree';
import { LineChunks } from './line-chunks';
import { readLine } from './read-line';

export interface Document {
  /** The lines as an edit keeps them. What is below is made of them when somebody asks. */
  readonly chunks: LineChunks;
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
  const sideOf = (read: Tree): Document => {
    const tree = options.table ? { ...read, table: options.table } : read;
    return { chunks: LineChunks.of(tree.lines), text, tree, lineStarts, options, dialect };
  };
  const [first, ...others] = trees;
  return others.length === 0 ? sideOf(first) : { ...sideOf(first), others: others.map(sideOf) };
}

function restoreDocument(text: string, options: DocumentOptions): Document {
  const family = options.family ?? guessFamily(text, options.fileName);
  return documentOf(family, LineChunks.of(readLines(text, family)), options);
}

export function editDocument(document: Document, change: TextChange): Document {
  const { tree, chunks, options } = document;
  if (document.dialect !== 'restore') {
    const { text } = document;
    return createDocument(text.slice(0, change.start) + change.text + text.slice(change.end), options);
  }
  const first = chunks.lineAt(change.start);
  const last = chunks.lineAt(change.end);
  const regionStart = chunks.startOf(first);
  let before = '';
  for (let number = first; number <= last; number += 1) before += chunks.at(number)?.text ?? '';
  const after = before.slice(0, change.start - regionStart) + change.text + before.slice(change.end - regionStart);
  const touched = splitLines(after);
  // A region that does not reach the end of the file ends with a newline, behind which no line of its own begins.
  if (last < chunks.count - 1) touched.pop();
  const read = touched.map((line) => readLine(line, tree.family));
  const edited = documentOf(tree.family, chunks.replaced(first, last + 1, read), options);
  return changesFamily(edited, change) || changesDialect(edited, change)
    ? createDocument(edited.text, options)
    : edited;
}

function changesFamily({ chunks, tree, options }: Document, { start }: TextChange): boolean {
  if (options.family || start >= SAMPLE_LENGTH) return false;
  return guessFamily(chunks.beginning(SAMPLE_LENGTH), options.fileName) !== tree.family;
}

/** Of a long text only an edit that may matter is asked about: in its first lines, or with the brackets of tags. */
function changesDialect({ chunks, options }: Document, { start, text }: TextChange): boolean {
  if (chunks.length > SAMPLE_LENGTH && start > FIRST_LINES && !/[{}%<>$@]/.test(text)) return false;
  return dialectFor(chunks.beginning(DIALECT_SAMPLE_LENGTH), options).dialect !== 'restore';
}

const FIRST_LINES = 1_000;

/** More lines than this are made by machines, for machines: what looks at all of them is not done at every key. */
export const MOST_LINES = 20_000;

export function isLong({ chunks }: Document): boolean {
  return chunks.count > MOST_LINES;
}

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
export function lineAt({ chunks }: Pick<Document, 'chunks'>, offset: number): number {
  return chunks.lineAt(offset);
}

/** A span of a line as offsets in the document. */
export function spanInDocument({ chunks }: Pick<Document, 'chunks'>, line: number, span: Span): Span {
  const start = chunks.startOf(line);
  return { start: start + span.start, end: start + span.end };
}

function* readLines(text: string, family: Family): Generator<Line> {
  for (const line of linesOf(text)) yield readLine(line, family);
}

function documentOf(family: Family, chunks: LineChunks, options: DocumentOptions): Document {
  let text: string | undefined;
  let starts: Uint32Array | undefined;
  return {
    chunks,
    get text() {
      text ??= Array.from(chunks, (line) => line.text).join('');
      return text;
    },
    tree: treeOf(family, chunks),
    get lineStarts() {
      starts ??= startsOf(chunks);
      return starts;
    },
    options,
    dialect: 'restore',
  };
}

function treeOf(family: Family, chunks: LineChunks): Tree {
  let lines: readonly Line[] | undefined;
  return {
    family,
    get lines() {
      lines ??= chunks.toArray();
      return lines;
    },
  };
}

function startsOf(chunks: LineChunks): Uint32Array {
  const starts = new Uint32Array(chunks.count);
  let number = 0;
  let start = 0;
  for (const { text } of chunks) {
    starts[number] = start;
    start += text.length;
    number += 1;
  }
  return starts;
}
