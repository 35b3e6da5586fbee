/**
 * The block that a line stands in, and the chains that it makes, without a look at every line: what a chunk of lines
 * says of tables and chains is worked out once for the chunk, which most edits leave alone.
 */
import { isTableName, type TableName } from '../../../src-sim/netfilter/hook';
import type { Line } from '../syntax/tree';
import type { Chunk, LineChunks } from './line-chunks';
import { madeBy } from './lower';

export interface BlockRange {
  /** Undefined where there is no table of that name. */
  readonly table: TableName | undefined;
  /** Numbers of the lines that begin the table, and end it. */
  readonly start: number;
  readonly end: number;
}

interface ChunkNames {
  /** Places of the lines by which a table begins or ends. */
  readonly frames: readonly number[];
  /** The chains that are made here, each with the place of the first line that does. */
  readonly made: ReadonlyMap<string, number>;
  /** Whether chains are renamed, or deleted. */
  readonly changes: boolean;
}

/** Undefined outside of every table. */
export function blockRange(chunks: LineChunks, number: number): BlockRange | undefined {
  const start = lastFrame(chunks, number);
  const header = start === undefined ? undefined : chunks.at(start);
  if (start === undefined || header?.kind !== 'table') return undefined;
  const name = header.name?.value;
  const table = name !== undefined && isTableName(name) ? name : undefined;
  return { table, start, end: nextFrame(chunks, number) };
}

/** The table, as the file names it, in whose block a line stands; that of a `*TABLE` line is its own. */
export function tableNameAt(chunks: LineChunks, number: number): string | undefined {
  const line = chunks.at(number);
  const start = line?.kind === 'table' ? number : lastFrame(chunks, number);
  const header = start === undefined ? undefined : chunks.at(start);
  return header?.kind === 'table' ? header.name?.value : undefined;
}

/** Whether a table of that name makes a chain, in whichever of its blocks. */
export function makesChain(chunks: LineChunks, table: TableName, name: string): boolean {
  // Nearly every name that is asked for is there or nowhere: which block it is in is seldom a question.
  const isMade = chunks.chunks.some((chunk) => namesOf(chunk).made.has(name));
  return isMade && rangesOf(chunks, table).some((range) => makerOf(chunks, range, name) !== undefined);
}

/** Its chains, in the order of the file. */
export function chainsMade(chunks: LineChunks, table: TableName): ReadonlySet<string> {
  const names = new Set<string>();
  for (const range of rangesOf(chunks, table)) {
    for (const { chunk, first, isWhole } of chunksIn(chunks, range)) {
      const made = isWhole ? namesOf(chunk).made.keys() : madeWithin(chunk, first, range);
      for (const name of made) names.add(name);
    }
  }
  return names;
}

/** The blocks of a table. */
function rangesOf(chunks: LineChunks, table: TableName): readonly BlockRange[] {
  const ranges: BlockRange[] = [];
  for (const [at, chunk] of chunks.chunks.entries()) {
    for (const frame of namesOf(chunk).frames) {
      const start = chunks.numberOf(at) + frame;
      const header = chunks.at(start);
      if (header?.kind === 'table' && header.name?.value === table) {
        ranges.push({ table, start, end: nextFrame(chunks, start) });
      }
    }
  }
  return ranges;
}

/** The first line of the block that makes a chain of that name. */
export function makerOf(chunks: LineChunks, range: BlockRange, name: string): number | undefined {
  for (const { chunk, first, isWhole } of chunksIn(chunks, range)) {
    const place = isWhole
      ? namesOf(chunk).made.get(name)
      : chunk.lines.findIndex((line, at) => madeBy(line) === name && isWithin(range, first + at));
    if (place !== undefined && place !== -1) return first + place;
  }
  return undefined;
}

function* madeWithin({ lines }: Chunk, first: number, range: BlockRange): Generator<string> {
  for (const [place, line] of lines.entries()) {
    const name = isWithin(range, first + place) ? madeBy(line) : undefined;
    if (name !== undefined) yield name;
  }
}

/** All chains that the block makes, each with the first line that does. */
export function makersIn(chunks: LineChunks, range: BlockRange): ReadonlyMap<string, number> {
  const makers = new Map<string, number>();
  for (const { chunk, first } of chunksIn(chunks, range)) {
    for (const [place, line] of chunk.lines.entries()) {
      const name = isWithin(range, first + place) ? madeBy(line) : undefined;
      if (name !== undefined && !makers.has(name)) makers.set(name, first + place);
    }
  }
  return makers;
}

/** Whether the block may rename chains, or delete them. */
export function changesChains(chunks: LineChunks, range: BlockRange): boolean {
  return chunksIn(chunks, range).some(({ chunk }) => namesOf(chunk).changes);
}

function isWithin({ start, end }: BlockRange, number: number): boolean {
  return start < number && number < end;
}

interface PlacedChunk {
  readonly chunk: Chunk;
  /** The number of its first line. */
  readonly first: number;
  /** Whether all of it stands within the block. */
  readonly isWhole: boolean;
}

function chunksIn(chunks: LineChunks, range: BlockRange): readonly PlacedChunk[] {
  const from = chunks.chunkOf(range.start);
  return chunks.chunks.slice(from, chunks.chunkOf(range.end) + 1).map((chunk, at) => {
    const first = chunks.numberOf(from + at);
    return { chunk, first, isWhole: isWithin(range, first) && isWithin(range, first + chunk.lines.length - 1) };
  });
}

function lastFrame(chunks: LineChunks, number: number): number | undefined {
  for (let at = chunks.chunkOf(number); at >= 0; at -= 1) {
    const first = chunks.numberOf(at);
    const place = framesOf(chunks, at)
      .filter((frame) => first + frame < number)
      .at(-1);
    if (place !== undefined) return first + place;
  }
  return undefined;
}

function nextFrame(chunks: LineChunks, number: number): number {
  for (let at = chunks.chunkOf(number); at < chunks.chunks.length; at += 1) {
    const first = chunks.numberOf(at);
    const place = framesOf(chunks, at).find((frame) => first + frame > number);
    if (place !== undefined) return first + place;
  }
  return chunks.count;
}

function framesOf(chunks: LineChunks, at: number): readonly number[] {
  const chunk = chunks.chunks[at];
  return chunk ? namesOf(chunk).frames : [];
}

const known = new WeakMap<Chunk, ChunkNames>();

function namesOf(chunk: Chunk): ChunkNames {
  const names = known.get(chunk) ?? readNames(chunk.lines);
  known.set(chunk, names);
  return names;
}

function readNames(lines: readonly Line[]): ChunkNames {
  const frames: number[] = [];
  const made = new Map<string, number>();
  let changes = false;
  for (const [place, line] of lines.entries()) {
    const name = madeBy(line);
    if (name !== undefined && !made.has(name)) made.set(name, place);
    if (line.kind === 'table' || line.kind === 'commit') frames.push(place);
    changes ||= line.kind === 'command' && (line.command === 'rename-chain' || line.command === 'delete-chain');
  }
  return { frames, made, changes };
}
