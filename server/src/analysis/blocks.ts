/** A restore file's blocks: the lines from `*TABLE` to its COMMIT. */
import { isTableName, type TableName } from '../../../src-sim/netfilter/hook';
import type { TableLine, Tree } from '../syntax/tree';

export interface Block {
  readonly header: TableLine;
  /** Undefined where there is no table of that name. */
  readonly table: TableName | undefined;
  /** Number of the `*TABLE` line, from 0. */
  readonly start: number;
  /** The line behind the block's last. */
  readonly end: number;
  /** Number of its COMMIT line. */
  readonly commit: number | undefined;
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
  const blocks = findBlocks(tree);
  known.set(tree, blocks);
  return blocks;
}

/** The block that a line stands in. */
export function blockAt(tree: Tree, line: number): Block | undefined {
  return blocksOf(tree).blocks.find((block) => block.start <= line && line < block.end);
}

function findBlocks(tree: Tree): Blocks {
  const blocks: Block[] = [];
  const outside: number[] = [];
  let open: { header: TableLine; start: number } | undefined;
  const close = (end: number, commit: number | undefined) => {
    if (open) blocks.push({ ...open, table: tableOf(open.header), end, commit });
    open = undefined;
  };
  for (const [number, line] of tree.lines.entries()) {
    if (line.kind === 'table') {
      close(number, undefined);
      open = { header: line, start: number };
    } else if (line.kind === 'commit' && open) {
      close(number + 1, number);
    } else if (open === undefined && line.kind !== 'blank' && line.kind !== 'comment') {
      outside.push(number);
    }
  }
  close(tree.lines.length, undefined);
  return { blocks, outside };
}

function tableOf(line: TableLine): TableName | undefined {
  const name = line.name?.value;
  return name !== undefined && isTableName(name) ? name : undefined;
}
