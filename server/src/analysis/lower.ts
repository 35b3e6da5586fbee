/**
 * Tree → Ruleset: runs a restore file's commands in their order, as iptables-restore does, and gives what the kernel
 * would hold then, with what it would refuse on the way. Lenient where a file is wrong, so that a file that is being
 * written can be simulated too.
 *
 * @see iptables: iptables/iptables-restore.c:ip46tables_restore_main
 */
import type { Family } from '../../../src-sim/net/address';
import { TABLE_HOOKS, type TableName } from '../../../src-sim/netfilter/hook';
import type { Chain, Ruleset } from '../../../src-sim/netfilter/ruleset';
import type { Line, Tree } from '../syntax/tree';
import { type Block, blocksOf, linesOf } from './blocks';
import { KnownChain } from './known-chain';
import type { LocatedProblem } from './located-problem';
import { isNotLoaded, lowerRule } from './lower-rule';
import { finished, STEP, type Steps } from './steps';
import { declareChain, runCommand } from './table-commands';
import { type ChainState, newChain, type TableState } from './table-state';

export interface Lowered {
  /** Made when somebody asks: checking a file needs no more than {@link tables}. */
  readonly ruleset: Ruleset;
  readonly tables: ReadonlyMap<TableName, TableState>;
  /** What iptables-restore refuses of the commands: chains that are not there, positions beyond the end. */
  readonly problems: readonly LocatedProblem[];
}

const known = new WeakMap<Tree, Lowered>();

export function lower(tree: Tree): Ruleset {
  return lowerWithProblems(tree).ruleset;
}

/** Undefined where the tree has not been lowered yet. */
export function loweredAlready(tree: Tree): Lowered | undefined {
  return known.get(tree);
}

export function lowerWithProblems(tree: Tree): Lowered {
  return finished(lowerSteps(tree));
}

export function* lowerSteps(tree: Tree): Steps<Lowered> {
  const earlier = known.get(tree);
  if (earlier) return earlier;
  const problems: LocatedProblem[] = [];
  const tables = new Map<TableName, TableState>();
  for (const block of blocksOf(tree).blocks) {
    if (block.table === undefined) continue;
    const table = openTable(tree, block, block.table, tables.get(block.table), problems);
    yield;
    yield* runBlock(tree, block, table);
    tables.set(block.table, table);
  }
  let ruleset: Ruleset | undefined;
  const lowered: Lowered = {
    get ruleset() {
      ruleset ??= rulesetOf(tree.family, tables);
      return ruleset;
    },
    tables,
    problems: tree.dress === undefined ? problems : problems.filter(({ code }) => isSure(tree, code)),
  };
  known.set(tree, lowered);
  return lowered;
}

/** What was there before a script ran, and in what order it runs, it does not say: only what is wrong in any case. */
const WRONG_IN_ANY_CASE: ReadonlySet<string> = new Set([
  'bad-policy',
  'bad-chain-name',
  'jump-to-builtin',
  'unknown-chain',
  'unknown-extension',
  'unknown-option',
]);

function isSure({ dress }: Tree, code: string): boolean {
  return dress === 'listing' ? code !== 'nft-bug' : WRONG_IN_ANY_CASE.has(code);
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
  const { family, chainsElsewhere: elsewhere } = tree;
  return { name, family, chains, declared: declaredChains(tree, block), elsewhere, problems, nearest: new Map() };
}

export function declaredChains(tree: Tree, block: Block): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  for (const number of linesOf(block)) {
    const name = madeBy(tree.lines[number]);
    if (name !== undefined && !lines.has(name)) lines.set(name, number);
  }
  return lines;
}

/** The chain that the line makes. */
export function madeBy(line: Line | undefined): string | undefined {
  if (line instanceof KnownChain) return line.chainName;
  if (line?.kind === 'chain') return line.name?.value;
  return line?.kind === 'command' && line.command === 'new-chain' ? line.chain?.value : undefined;
}

function* runBlock(tree: Tree, block: Block, table: TableState): Steps<void> {
  for (const number of linesOf(block)) {
    if (number % STEP === 0) yield;
    const line = tree.lines[number];
    if (line?.kind === 'chain') declareChain(table, line, number);
    else if (line?.kind === 'command' && !isNotLoaded(line, tree.family)) runCommand(table, line, number);
  }
}

function rulesetOf(family: Family, tables: Lowered['tables']): Ruleset {
  return { family, tables: [...tables.values()].map(({ name, chains }) => ({ name, chains: chainsOf(chains) })) };
}

function chainsOf(chains: TableState['chains']): readonly Chain[] {
  return [...chains.values()].map(({ policy, name, counters, rules: states }) => {
    const rules = states.map(lowerRule);
    return policy === undefined ? { name, counters, rules } : { name, policy, counters, rules };
  });
}
