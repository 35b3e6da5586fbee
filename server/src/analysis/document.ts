/**
 * A ruleset's text and its tree, as one unchangeable value. An edit makes a new one and reads only the lines that it
 * touches; every other line is the same object as before, so that whatever was worked out for a line can be kept.
 */
import type { Family } from '../../../src-sim/net/address';
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
  const family = options.family ?? guessFamily(text, options.fileName);
  const lines = Array.from(linesOf(text), (line) => readLine(line, family));
  return documentOf(family, lines, startsOf(lines, 0), options);
}

export function editDocument(document: Document, change: TextChange): Document {
  const { tree, options, lineStarts } = document;
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
  return documentOf(tree.family, lines, starts, options);
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
