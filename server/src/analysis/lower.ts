/**
 * Tree → Ruleset: runs a restore file's commands in their order, as iptables-restore does, and gives what the kernel
 * would hold then, with what it would refuse on the way. Lenient where a file is wrong, so that a file that is being
 * written can be simulated too.
 *
 * @see iptables: iptables/iptables-restore.c:ip46tables_restore_main
 */
import { TABLE_HOOKS, type TableName } from '../../../src-sim/netfilter/hook';
import type { Chain, Ruleset } from '../../../src-sim/netfilter/ruleset';
import type { Tree } from '../syntax/tree';
import { type Block, blocksOf } from './blocks';
import type { LocatedProblem } from './located-problem';
import { isNotLoaded } from './lower-rule';
import { declareChain, runCommand } from './table-commands';
import { type ChainState, newChain, type TableState } from './table-state';

export interface Lowered {
  readonly ruleset: Ruleset;
  /** What iptables-restore refuses of the commands: chains that are not there, positions beyond the end. */
  readonly problems: readonly LocatedProblem[];
}

const known = new WeakMap<Tree, Lowered>();

export function lower(tree: Tree): Ruleset {
  return lowerWithProblems(tree).ruleset;
}

export function lowerWithProblems(tree: Tree): Lowered {
  const earlier = known.get(tree);
  if (earlier) return earlier;
  const problems: LocatedProblem[] = [];
  const tables = new Map<TableName, TableState>();
  for (const block of blocksOf(tree).blocks) {
    if (block.table === undefined) continue;
    const table = openTable(tree, block, block.table, tables.get(block.table), problems);
    runBlock(tree, block, table);
    tables.set(block.table, table);
  }
  const ruleset = {
    family: tree.family,
    tables: [...tables.values()].map(({ name, chains }) => ({ name, chains: chainsOf(chains) })),
  };
  const lowered = { ruleset, problems };
  known.set(tree, lowered);
  return lowered;
}

/** A second block of a table replaces the first; a policy that it does not name stays. */
function openTable(
  tree: Tree,
  block: Block,
  name: TableName,
  earlier: TableState | undefined,
  problems: LocatedProblem[],
): TableState {
  const chains = new Map<string, ChainState>();
  for (const hook of TABLE_HOOKS[name]) {
    chains.set(hook, newChain(hook, earlier?.chains.get(hook)?.policy ?? 'ACCEPT'));
  }
  return { name, family: tree.family, chains, declared: declaredChains(tree, block), problems };
}

function declaredChains(tree: Tree, block: Block): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  for (let number = block.start + 1; number < block.end; number++) {
    const line = tree.lines[number];
    const name = line?.kind === 'chain' ? line.name : undefined;
    const made = line?.kind === 'command' && line.command === 'new-chain' ? line.chain : undefined;
    const word = name ?? made;
    if (word && !lines.has(word.value)) lines.set(word.value, number);
  }
  return lines;
}

function runBlock(tree: Tree, block: Block, table: TableState): void {
  for (let number = block.start + 1; number < block.end; number++) {
    const line = tree.lines[number];
    if (line?.kind === 'chain') declareChain(table, line, number);
    else if (line?.kind === 'command' && !isNotLoaded(line, tree.family)) runCommand(table, line, number);
  }
}

function chainsOf(chains: ReadonlyMap<string, ChainState>): readonly Chain[] {
  return [...chains.values()].map(({ policy, name, counters, rules }) => {
    return policy === undefined ? { name, counters, rules } : { name, policy, counters, rules };
  });
}
