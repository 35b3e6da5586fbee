/** What the declarations of matches and targets demand of a rule: options that must stand, exclude or need each other. */
import type { Family } from '../../../src-sim/net/address';
import { TABLES, type TableName } from '../../../src-sim/netfilter/hook';
import type { CommandLine, Problem, Tree } from '../syntax/tree';
import { blocksOf, linesOf } from './blocks';
import { checkRule } from './check-rule';
import { KnownLine } from './known-line';
import type { LocatedProblem } from './located-problem';
import type { Lowered } from './lower';
import { isNotLoaded } from './lower-rule';
import { perLine } from './per-line';
import { factsOf } from './rule-facts';
import type { RuleShape } from './rule-shape';
import { usesOf } from './rule-uses';
import { STEP, type Steps } from './steps';
import type { TableState } from './table-state';

export function* checkDeclarations(tree: Tree, tables: Lowered['tables']): Steps<readonly LocatedProblem[]> {
  const found: LocatedProblem[] = [];
  for (const block of blocksOf(tree).blocks) {
    const { table } = block;
    const place: Place = { table, chains: (table && tables.get(table)?.chains) ?? NO_CHAINS };
    for (const number of linesOf(block)) {
      if (number % STEP === 0) yield;
      const line = tree.lines[number];
      if (line?.kind !== 'command') continue;
      for (const one of declarationProblems(line, tree.family, place)) found.push({ ...one, line: number });
    }
  }
  return found;
}

export interface Place {
  readonly table: TableName | undefined;
  /** A chain that is called as a target takes the target's place. */
  readonly chains: TableState['chains'];
}

const NO_CHAINS: Place['chains'] = new Map();
const NO_PROBLEMS: readonly Problem[] = [];

interface Checked {
  family: Family | undefined;
  table: TableName | undefined;
  jumps: boolean;
  problems: readonly Problem[];
}

const checkedOf = perLine((): Checked => ({ family: undefined, table: undefined, jumps: false, problems: [] }));

/** What the declarations say of a rule in its place. */
export function declarationProblems(line: CommandLine, family: Family, { table, chains }: Place): readonly Problem[] {
  if (line instanceof KnownLine && isRight(line, table, chains)) return NO_PROBLEMS;
  const checked = checkedOf(line);
  const jumps = chains.has(usesOf(line).target?.name ?? '');
  if (checked.family !== family || checked.table !== table || checked.jumps !== jumps) {
    checked.problems = isNotLoaded(line, family) ? [] : checkRule(line, family, table, jumps);
    checked.family = family;
    checked.table = table;
    checked.jumps = jumps;
  }
  return checked.problems;
}

/** A line of a known shape has nothing wrong with it that does not come of its table. */
function isRight({ shape }: KnownLine, table: TableName | undefined, chains: Place['chains']): boolean {
  const { target } = factsOf(shape.example);
  return tablesFor(shape).has(table) && (target === undefined || !chains.has(target.name));
}

const rightTables = new WeakMap<RuleShape, ReadonlySet<TableName | undefined>>();

/** The tables that lines of the shape may stand in, and undefined for one that is none. */
function tablesFor(shape: RuleShape): ReadonlySet<TableName | undefined> {
  const known = rightTables.get(shape);
  if (known) return known;
  const all = [undefined, ...TABLES];
  const right = new Set(all.filter((table) => checkRule(shape.example, shape.family, table, false).length === 0));
  rightTables.set(shape, right);
  return right;
}
