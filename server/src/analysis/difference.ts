/** What was edited between two states of a text, told by the chunks of lines that both share: no text is compared. */
import type { Document, TextChange } from './document';
import type { LineChunks } from './line-chunks';

/** The change that makes `after` of `before`; undefined where they share nothing, or are no plain files of rules. */
export function changeBetween(before: Document, after: Document): TextChange | undefined {
  const isPlain = before.dialect === 'restore' && after.dialect === 'restore';
  if (!isPlain || before.options !== after.options) return undefined;
  const [old, young] = [before.chunks, after.chunks];
  const shortest = Math.min(old.chunks.length, young.chunks.length);
  let first = 0;
  while (first < shortest && old.chunks[first] === young.chunks[first]) first += 1;
  let last = 0;
  while (last < shortest - first && old.chunks.at(-1 - last) === young.chunks.at(-1 - last)) last += 1;
  if (first + last === 0) return undefined;
  return { start: startOf(old, first), end: startOf(old, old.chunks.length - last), text: textOf(young, first, last) };
}

function startOf(chunks: LineChunks, chunk: number): number {
  return chunk === chunks.chunks.length ? chunks.length : chunks.startOf(chunks.numberOf(chunk));
}

function textOf({ chunks }: LineChunks, first: number, last: number): string {
  const lines = chunks.slice(first, chunks.length - last).flatMap((chunk) => chunk.lines);
  return lines.map((line) => line.text).join('');
}
