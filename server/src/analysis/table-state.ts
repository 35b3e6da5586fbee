/** A table while the commands of a restore file change it. */
import type { Family } from '../../../src-sim/net/address';
import type { TableName } from '../../../src-sim/netfilter/hook';
import { type Counters, NO_COUNTERS, type Policy } from '../../../src-sim/netfilter/ruleset';
import { isOpaque } from '../syntax/opaque';
import { problem } from '../syntax/problem';
import { closest, withSuggestion } from '../syntax/suggest';
import type { CommandLine, Problem, Tree, Word } from '../syntax/tree';
import type { LocatedProblem } from './located-problem';

export interface ChainState {
  readonly name: string;
  /** Set for a built-in chain. */
  policy: Policy | undefined;
  counters: Counters;
  rules: RuleState[];
  /** Nothing makes it; rules were appended to it all the same. */
  readonly missing?: true;
}

/** A rule of a chain: the line that it comes from, and what the table makes of it. */
export interface RuleState {
  readonly source: CommandLine;
  /** The line's number, from 0. */
  readonly line: number;
  /** Which of the line's rules: `-s a,b` makes two. */
  readonly index: number;
  /** The chain that its `-j` or `-g` means. */
  readonly leadsTo: string | undefined;
  /** Whether `-Z` has set its counters to zero. */
  readonly zeroed: boolean;
}

export interface TableState {
  readonly name: TableName;
  readonly family: Family;
  readonly chains: Map<string, ChainState>;
  /** Every chain that the block makes, and in which line: a jump to one that comes later still means it. */
  readonly declared: ReadonlyMap<string, number>;
  readonly elsewhere: Tree['chainsElsewhere'];
  readonly problems: LocatedProblem[];
  /** By the message that there is no such name, the nearest that there is. */
  readonly nearest: Map<string, string | undefined>;
}

export function newChain(name: string, policy?: Policy): ChainState {
  return { name, policy, counters: NO_COUNTERS, rules: [] };
}

export function refuse(table: TableState, line: number, word: Word, code: string, message: string): void {
  if (isOpaque(word)) return;
  table.problems.push({ ...problem(word.span, code, message), line });
}

/** What only one variant of iptables-restore refuses. */
export function refuseBy(
  table: TableState,
  line: number,
  word: Word,
  refused: Pick<Problem, 'code' | 'message' | 'refusedBy'>,
): void {
  if (isOpaque(word)) return;
  table.problems.push({ ...refused, span: word.span, severity: 'warning', line });
}

export function chainNamed(table: TableState, name: string): ChainState | undefined {
  const chain = table.chains.get(name);
  return chain?.missing ? undefined : chain;
}

/** The chain of that name; refused where it is not there. */
export function existingChain(table: TableState, name: Word, line: number): ChainState | undefined {
  const chain = chainNamed(table, name.value);
  if (chain === undefined && !mayBeElsewhere(table, name)) table.problems.push(missingChain(table, name, line));
  return chain;
}

/** Whether something else than this text may make the chain. */
export function mayBeElsewhere({ elsewhere }: TableState, name: Word): boolean {
  return isOpaque(name) || elsewhere === 'any' || (elsewhere === 'ufw' && /^ufw6?-/.test(name.value));
}

/** Of chains that are there, or will be. */
export function* chainNames({ chains, declared }: Pick<TableState, 'chains' | 'declared'>): Generator<string> {
  for (const chain of chains.values()) if (!chain.missing) yield chain.name;
  for (const name of declared.keys()) if (chains.get(name)?.missing !== undefined || !chains.has(name)) yield name;
}

/** Of so many names of a table the nearest is searched for: where more are wrong, none is a slip of the finger. */
const MOST_SEARCHED = 20;

/** The problem with the chain that was probably meant, or another of the names that may stand there. */
export function suggestingName(table: TableState, found: Problem, name: string, others: Iterable<string>): Problem {
  const key = found.message;
  if (!table.nearest.has(key)) {
    if (table.nearest.size === MOST_SEARCHED) return found;
    table.nearest.set(key, closest(name, [...chainNames(table), ...others]));
  }
  return withSuggestion(found, table.nearest.get(key));
}

/** Why there is no chain of that name. */
export function missingChain(table: TableState, name: Word, line: number): LocatedProblem {
  const later = table.declared.get(name.value);
  const message = `no chain "${name.value}" in table ${table.name}`;
  const missing = (text: string) => problem(name.span, 'unknown-chain', text);
  if (later !== undefined) return { ...missing(`${message}: line ${later + 1} makes it only later`), line };
  return { ...suggestingName(table, missing(message), name.value, []), line };
}
