/**
 * The lines of a document in chunks of some hundred, so that an edit makes the chunks anew that it touches and no more:
 * in a file of a hundred thousand lines, copying the list of them would take longer than reading the one that changed.
 */
import type { Line } from '../syntax/tree';

export interface Chunk {
  readonly lines: readonly Line[];
  /** Of their text. */
  readonly length: number;
}

const LINES_OF_CHUNK = 256;

export class LineChunks {
  readonly chunks: readonly Chunk[];
  /** How many lines there are. */
  readonly count: number;
  /** Of the whole text. */
  readonly length: number;
  /** Of each chunk, the number of its first line and that line's offset. */
  readonly #numbers: readonly number[];
  readonly #starts: readonly number[];

  private constructor(chunks: readonly Chunk[]) {
    const numbers: number[] = [];
    const starts: number[] = [];
    let count = 0;
    let length = 0;
    for (const chunk of chunks) {
      numbers.push(count);
      starts.push(length);
      count += chunk.lines.length;
      length += chunk.length;
    }
    this.chunks = chunks;
    this.count = count;
    this.length = length;
    this.#numbers = numbers;
    this.#starts = starts;
  }

  static of(lines: Iterable<Line>): LineChunks {
    return new LineChunks(chunksOf(lines));
  }

  /** The lines from `first` to `end` replaced. */
  replaced(first: number, end: number, lines: readonly Line[]): LineChunks {
    const from = this.chunkOf(first);
    const to = this.chunkOf(end - 1);
    const before = this.chunks[from]?.lines.slice(0, first - this.numberOf(from)) ?? [];
    const behind = this.chunks[to]?.lines.slice(end - this.numberOf(to)) ?? [];
    const made = chunksOf([...before, ...lines, ...behind]);
    return new LineChunks([...this.chunks.slice(0, from), ...made, ...this.chunks.slice(to + 1)]);
  }

  at(number: number): Line | undefined {
    const chunk = this.chunkOf(number);
    return this.chunks[chunk]?.lines[number - this.numberOf(chunk)];
  }

  /** Offset of a line's first character; behind the last line, the end of the text. */
  startOf(number: number): number {
    if (number >= this.count) return this.length;
    const chunk = this.chunkOf(number);
    let start = this.#starts[chunk] ?? 0;
    const { lines = [] } = this.chunks[chunk] ?? {};
    for (let at = 0; at < number - this.numberOf(chunk); at += 1) start += lines[at]?.text.length ?? 0;
    return start;
  }

  /** The line that an offset stands in. */
  lineAt(offset: number): number {
    const chunk = lastUpTo(this.#starts, offset);
    const { lines = [] } = this.chunks[chunk] ?? {};
    let at = 0;
    let end = (this.#starts[chunk] ?? 0) + (lines[0]?.text.length ?? 0);
    while (at < lines.length - 1 && end <= offset) {
      at += 1;
      end += lines[at]?.text.length ?? 0;
    }
    return this.numberOf(chunk) + at;
  }

  /** The chunk that a line stands in. */
  chunkOf(number: number): number {
    return lastUpTo(this.#numbers, number);
  }

  /** The number of a chunk's first line. */
  numberOf(chunk: number): number {
    return this.#numbers[chunk] ?? 0;
  }

  /** As many lines of the text as hold its first `length` characters. */
  beginning(length: number): string {
    let text = '';
    for (const line of this) {
      text += line.text;
      if (text.length >= length) break;
    }
    return text;
  }

  *[Symbol.iterator](): Generator<Line> {
    for (const { lines } of this.chunks) yield* lines;
  }

  toArray(): Line[] {
    return this.chunks.flatMap(({ lines }) => lines);
  }
}

function chunksOf(lines: Iterable<Line>): Chunk[] {
  const chunks: Chunk[] = [];
  let open: Line[] = [];
  let length = 0;
  const close = () => {
    if (open.length > 0) chunks.push({ lines: open, length });
    open = [];
    length = 0;
  };
  for (const line of lines) {
    open.push(line);
    length += line.text.length;
    if (open.length === LINES_OF_CHUNK) close();
  }
  close();
  return chunks;
}

/** The index of the last of rising numbers that is not greater. */
export function lastUpTo(rising: ArrayLike<number>, limit: number): number {
  let low = 0;
  let high = rising.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((rising[middle] ?? 0) <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}
