/**
 * Lines of the text, as editors and people count them. They are those of the tree but in a script, whose tree has a
 * line for each command.
 */
import { contentEnd } from '../syntax/parse';
import { type Document, lineAt } from './document';
import { lastUpTo } from './line-chunks';

/** Both from 0. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

export function placeAt(document: Document, offset: number): TextPlace {
  const line = lineOf(document, offset);
  return { line, column: offset - startOf(document, line) };
}

/** A place beyond a line's end means its end, and one beyond the last line the end of the text. */
export function offsetOf(document: Document, { line, column }: TextPlace): number {
  return startOf(document, line) + Math.min(column, contentEnd(textOfLine(document, line)));
}

/** Where the line of the text begins that an offset stands in. */
export function lineStartOf(document: Document, offset: number): number {
  return startOf(document, lineOf(document, offset));
}

/** The line of the text in which a line of the tree begins, from 0. */
export function textLineOf(document: Document, line: number): number {
  return document.dialect === 'script' ? lineOf(document, document.chunks.startOf(line)) : line;
}

function lineOf(document: Document, offset: number): number {
  return document.dialect === 'script' ? lastUpTo(scriptStarts(document), offset) : lineAt(document, offset);
}

function startOf(document: Document, line: number): number {
  return document.dialect === 'script'
    ? (scriptStarts(document)[line] ?? document.text.length)
    : document.chunks.startOf(line);
}

function textOfLine(document: Document, line: number): string {
  return document.dialect === 'script'
    ? document.text.slice(startOf(document, line), startOf(document, line + 1))
    : (document.chunks.at(line)?.text ?? '');
}

const known = new WeakMap<Document, Uint32Array>();

function scriptStarts(document: Document): Uint32Array {
  const earlier = known.get(document);
  if (earlier) return earlier;
  const starts = [0];
  for (let at = document.text.indexOf('\n'); at !== -1; at = document.text.indexOf('\n', at + 1)) starts.push(at + 1);
  const lineStarts = Uint32Array.from(starts);
  known.set(document, lineStarts);
  return lineStarts;
}
