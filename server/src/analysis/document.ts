/**
 * A ruleset's text and its tree, as one unchangeable value. An edit makes a new one and parses only the lines that it
 * touches; every other line is the same object as before, so that whatever was worked out for a line can be kept.
 */
import type { Family } from '../../../src-sim/net/address';
import { guessFamily } from '../syntax/family';
import { parseLine, splitLines } from '../syntax/parse';
import type { Line, Span, Tree } from '../syntax/tree';

export interface Document {
  readonly text: string;
  readonly tree: Tree;
  /** Offset of each line's first character. */
  readonly lineStarts: readonly number[];
  readonly options: DocumentOptions;
}

export interface DocumentOptions {
  /** Name or path of the file: `rules.v6` says which family it is for. */
  readonly fileName?: string;
  /** Where it is known; otherwise it is guessed. */
  readonly family?: Family;
}

/** The text from `start` to `end` is replaced. */
export interface TextChange extends Span {
  readonly text: string;
}

export function createDocument(text: string, options: DocumentOptions = {}): Document {
  const family = familyFor(text, options);
  const lines = splitLines(text).map((line) => parseLine(line, family));
  return { text, tree: { family, lines }, lineStarts: lineStartsOf(lines, 0), options };
}

export function editDocument(document: Document, change: TextChange): Document {
  const { tree, options, lineStarts } = document;
  const text = document.text.slice(0, change.start) + change.text + document.text.slice(change.end);
  if (familyFor(text, options) !== tree.family) return createDocument(text, options);
  const first = lineAt(document, change.start);
  const last = lineAt(document, change.end);
  const regionStart = lineStarts[first] ?? 0;
  const regionEnd = lineStarts[last + 1] ?? document.text.length;
  // Pieced together from the old text: to cut it out of the new one would copy all of that.
  const before = document.text.slice(regionStart, change.start);
  const touched = splitLines(before + change.text + document.text.slice(change.end, regionEnd));
  // A region that does not reach the end of the file ends with a newline, behind which no line of its own begins.
  if (last < tree.lines.length - 1) touched.pop();
  const parsed = touched.map((line) => parseLine(line, tree.family));
  const lines = tree.lines.slice(0, first).concat(parsed, tree.lines.slice(last + 1));
  const starts = lineStarts.slice(0, first).concat(lineStartsOf(lines.slice(first), regionStart));
  return { text, tree: { family: tree.family, lines }, lineStarts: starts, options };
}

/** The line that an offset stands in, from 0. */
export function lineAt(document: Pick<Document, 'lineStarts'>, offset: number): number {
  const { lineStarts } = document;
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

function familyFor(text: string, options: DocumentOptions): Family {
  return options.family ?? guessFamily(text, options.fileName);
}

function lineStartsOf(lines: readonly Line[], start: number): number[] {
  let next = start;
  return lines.map((line) => {
    const lineStart = next;
    next += line.text.length;
    return lineStart;
  });
}
