/**
 * What belongs to a table together: in a restore file the lines from `*TABLE` to its COMMIT; in a listing or a script the
 * commands for that table, wherever they stand.
 */
import { isTableName, type TableName } from '../../../src-sim/netfilter/hook';
import type { CommandLine, Line, TableLine, Tree, Word } from '../syntax/tree';
import { hintedTable } from './table-hint';

export interface Block {
  /** The table, as the text names it. */
  readonly name: string | undefined;
  /** Undefined where there is no table of that name. */
  readonly table: TableName | undefined;
  /** Undefined where commands name the table themselves. */
  readonly header: TableLine | undefined;
  /** Number of the block's first line, from 0. */
  readonly start: number;
  /** The line behind the block's last. */
  readonly end: number;
  /** Number of its COMMIT line. */
  readonly commit: number | undefined;
  /** Its lines, where others stand between them. */
  readonly members?: readonly number[];
}

export interface Blocks {
  readonly blocks: readonly Block[];
  /** Lines that are neither blank nor comments and stand in no block. */
  readonly outside: readonly number[];
}

const known = new WeakMap<Tree, Blocks>();

/** A block without COMMIT ends where the next begins: a mistake that costs no more than it must. */
export function blocksOf(tree: Tree): Blocks {
  const earlier = known.get(tree);
  if (earlier) return earlier;
  const namesTables = tree.dress === 'listing' || tree.dress === 'script';
  const blocks = namesTables ? { blocks: commandBlocks(tree), outside: [] } : findBlocks(tree);
  known.set(tree, blocks);
  return blocks;
}

/** The block that a line stands in. */
export function blockAt(tree: Tree, line: number): Block | undefined {
  const { blocks } = blocksOf(tree);
  const found = blocks.find(
    ({ start, end, members }) => start <= line && line < end && (members?.includes(line) ?? true),
  );
  // A line that is still empty, in a listing of one table.
  return found ?? (tree.dress === 'listing' && blocks.length === 1 ? blocks[0] : undefined);
}

/** The numbers of a block's lines, that of its header among them. */
export function* linesOf({ members, start, end }: Block): Generator<number> {
  if (members) yield* members;
  else for (let number = start; number < end; number++) yield number;
}

function findBlocks(tree: Tree): Blocks {
  const blocks: Block[] = [];
  const outside: number[] = [];
  let open: { header: TableLine; start: number } | undefined;
  const close = (end: number, commit: number | undefined) => {
    if (open) blocks.push({ ...open, ...named(open.header.name?.value), end, commit });
    open = undefined;
  };
  let number = -1;
  for (const line of tree.lines) {
    number += 1;
    if (line.kind === 'table') {
      close(number, undefined);
      open = { header: line, start: number };
    } else if (line.kind === 'commit' && open) {
      close(number + 1, number);
    } else if (open === undefined && countsOutside(line)) {
      outside.push(number);
    }
  }
  close(tree.lines.length, undefined);
  return { blocks, outside };
}

function countsOutside({ kind }: Line): boolean {
  return kind !== 'blank' && kind !== 'comment' && kind !== 'foreign';
}

function named(name: string | undefined): Pick<Block, 'name' | 'table'> {
  return { name, table: name !== undefined && isTableName(name) ? name : undefined };
}

function commandBlocks(tree: Tree): readonly Block[] {
  const members = new Map<string, number[]>();
  let usual: string = tree.table ?? 'filter';
  for (const [number, line] of tree.lines.entries()) {
    if (line.kind === 'comment') usual = hintedTable(line.comment.value) ?? usual;
    if (line.kind !== 'command') continue;
    const name = tableWord(line)?.value ?? usual;
    const own = members.get(name) ?? [];
    own.push(number);
    members.set(name, own);
  }
  return [...members].map(([name, own]) => ({
    ...named(name),
    header: undefined,
    start: own[0] ?? 0,
    end: (own.at(-1) ?? 0) + 1,
    commit: undefined,
    members: own,
  }));
}

/** What `-t` says. */
export function tableWord({ parts }: CommandLine): Word | undefined {
  return parts.flatMap((part) => (part.kind === 'general' && part.name === 'table' ? part.words : [])).at(-1);
}
