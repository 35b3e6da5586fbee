/**
 * Lines of the text, as editors and people count them. They are those of the tree but in a script, whose tree has a
 * line for each command.
 */
import { contentEnd } from '../syntax/parse';
import { type Document, lineAt } from './document';

/** Both from 0. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

export function placeAt(document: Document, offset: number): TextPlace {
  const lineStarts = textLineStarts(document);
  const line = lineAt({ lineStarts }, offset);
  return { line, column: offset - (lineStarts[line] ?? 0) };
}

/** A place beyond a line's end means its end, and one beyond the last line the end of the text. */
export function offsetOf(document: Document, { line, column }: TextPlace): number {
  const lineStarts = textLineStarts(document);
  const start = lineStarts[line];
  if (start === undefined) return document.text.length;
  const text = document.text.slice(start, lineStarts[line + 1]);
  return start + Math.min(column, contentEnd(text));
}

/** Where the line of the text begins that an offset stands in. */
export function lineStartOf(document: Document, offset: number): number {
  return textLineStarts(document)[placeAt(document, offset).line] ?? 0;
}

/** The line of the text in which a line of the tree begins, from 0. */
export function textLineOf(document: Document, line: number): number {
  return document.dialect === 'script' ? placeAt(document, document.lineStarts[line] ?? 0).line : line;
}

const known = new WeakMap<Document, Uint32Array>();

function textLineStarts(document: Document): Uint32Array {
  if (document.dialect !== 'script') return document.lineStarts;
  const earlier = known.get(document);
  if (earlier) return earlier;
  const starts = [0];
  for (let at = document.text.indexOf('\n'); at !== -1; at = document.text.indexOf('\n', at + 1)) starts.push(at + 1);
  const lineStarts = Uint32Array.from(starts);
  known.set(document, lineStarts);
  return lineStarts;
}
