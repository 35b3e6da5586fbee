/**
 * What the check of the whole file says of one line, from that line and the names of the chains that its block makes:
 * the answer to a keystroke in a file of any size. What comes of the ways through the chains, of numbers of rules, and
 * of chains that are taken away again, only the check of the whole file can say.
 */
import type { Family } from '../../../src-sim/net/address';
import { TABLE_HOOKS, type TableName } from '../../../src-sim/netfilter/hook';
import type { CommandLine, Problem } from '../syntax/tree';
import { type BlockRange, blockRange, changesChains, makerOf, makersIn } from './block-names';
import { declarationProblems } from './check-declarations';
import type { Document } from './document';
import type { LineChunks } from './line-chunks';
import type { LocatedProblem } from './located-problem';
import { isNotLoaded } from './lower-rule';
import { changeRules } from './rule-commands';
import { chainNameOf, factsOf, targetNameOf } from './rule-facts';
import { type ChainState, newChain, type TableState } from './table-state';

/** In the order of the line. */
export function checkLine({ chunks, tree: { family } }: Document, number: number): readonly Problem[] {
  const line = chunks.at(number);
  if (line?.kind !== 'command' || isNotLoaded(line, family)) return line?.problems ?? [];
  const range = blockRange(chunks, number);
  if (range === undefined) return line.problems;
  const { table } = range;
  const makers = makersOf(chunks, range, line);
  const chains = table === undefined ? new Map<string, ChainState>() : chainsOf(table, makers.keys());
  const ofDeclarations = declarationProblems(line, family, { table, chains });
  const ofTable = tableProblems(chunks, range, family, number, line, makers);
  return [...line.problems, ...ofDeclarations, ...ofTable].sort((a, b) => a.span.start - b.span.start);
}

/** By chain, the first line that makes it. */
type Makers = TableState['declared'];

/** Of the chains that the rule may speak of. */
function makersOf(chunks: LineChunks, range: BlockRange, line: CommandLine): Makers {
  const makers = new Map<string, number>();
  for (const name of [chainNameOf(line), targetNameOf(line), factsOf(line).target?.name]) {
    const maker = name === undefined ? undefined : makerOf(chunks, range, name);
    if (name !== undefined && maker !== undefined) makers.set(name, maker);
  }
  return makers;
}

function tableProblems(
  chunks: LineChunks,
  range: BlockRange,
  family: Family,
  number: number,
  line: CommandLine,
  makers: Makers,
): readonly LocatedProblem[] {
  const addsRule = line.command === 'append' || (line.command === 'insert' && line.position === undefined);
  const { table: name } = range;
  if (name === undefined || !addsRule || changesChains(chunks, range)) return [];
  const run = (declared: Makers): readonly LocatedProblem[] => {
    const before = [...declared].flatMap(([name, at]) => (at < number ? [name] : []));
    const chains = chainsOf(name, before);
    const elsewhere = undefined;
    const table: TableState = { name, family, elsewhere, chains, declared, problems: [], nearest: new Map() };
    changeRules(table, line, number);
    return table.problems;
  };
  // Where something is wrong, the words that say so want all the names.
  return run(makers).length === 0 ? [] : run(makersIn(chunks, range));
}

function chainsOf(table: TableName, names: Iterable<string>): Map<string, ChainState> {
  const chains = new Map<string, ChainState>(TABLE_HOOKS[table].map((hook) => [hook, newChain(hook, 'ACCEPT')]));
  for (const name of names) if (!chains.has(name)) chains.set(name, newChain(name));
  return chains;
}
