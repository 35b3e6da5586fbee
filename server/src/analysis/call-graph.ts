/**
 * Which chains of a table lead to which, and at which hooks the kernel comes to a chain. As the kernel looks when it
 * checks a table: behind a rule that ends every packet's way it does not look any further.
 *
 * @kernel net/ipv4/netfilter/ip_tables.c:mark_source_chains
 */
import { type Hook, isHook, isTableName } from '../../../src-sim/netfilter/hook';
import type { Policy, Rule, Table } from '../../../src-sim/netfilter/ruleset';
import type { Tree } from '../syntax/tree';
import { type Document, isLong } from './document';
import { loweredAlready, lowerWithProblems } from './lower';
import { factsOf, takesEveryPacket, VERDICTS } from './rule-facts';
import { finished, STEP, type Steps } from './steps';
import type { RuleState, TableState } from './table-state';

/** A rule `R` that leads from one chain to another. */
export interface Jump<R> {
  readonly from: string;
  readonly to: string;
  readonly rule: R;
}

export interface CallGraph<R = Rule> {
  /** Hooks from which the kernel comes to a chain; empty where no rule leads there. */
  hooksOf(chain: string): ReadonlySet<Hook>;
  /** Jumps back to a chain that the way already leads through: the kernel refuses them. */
  readonly loops: readonly Jump<R>[];
}

export function callGraph(table: Table): CallGraph {
  return finished(graphOf(new Map(table.chains.map((chain) => [chain.name, chain])), RULES));
}

const known = new WeakMap<TableState, CallGraph<RuleState>>();

/** The same of a table whose rules have not been lowered. */
export function* stateGraphSteps(table: TableState): Steps<CallGraph<RuleState>> {
  const graph = known.get(table) ?? (yield* graphOf(table.chains, STATES));
  known.set(table, graph);
  return graph;
}

/** Hooks from which packets come to a chain of a file, where the table is one. */
export function hooksOfChain(tree: Tree, table: string | undefined, chain: string): readonly Hook[] {
  if (table === undefined || !isTableName(table)) return [];
  const found = lowerWithProblems(tree).tables.get(table);
  return found ? [...finished(stateGraphSteps(found)).hooksOf(chain)] : [];
}

/** The same while somebody waits: in a long file none, as long as nobody has followed its chains since the last edit. */
export function hooksKnown(document: Document, table: string | undefined, chain: string): readonly Hook[] {
  if (isLong(document) && loweredAlready(document.tree) === undefined) return [];
  return hooksOfChain(document.tree, table, chain);
}

/** The rules of a chain that packets can come to. */
export function reachableRules(rules: readonly RuleState[]): readonly RuleState[] {
  return reachable(rules, STATES);
}

/** How a rule is read, in the one form or the other. */
interface Reader<R> {
  readonly leadsTo: (rule: R) => string | undefined;
  /** Whether no packet gets behind it. */
  readonly endsEveryWay: (rule: R) => boolean;
}

const RULES: Reader<Rule> = {
  leadsTo: ({ target }) => (target.kind === 'jump' || target.kind === 'goto' ? target.chain : undefined),
  endsEveryWay: ({ target, matches }) =>
    target.kind === 'target' && VERDICTS.has(target.name) && takesEveryPacket(matches),
};

const STATES: Reader<RuleState> = {
  leadsTo: ({ leadsTo }) => leadsTo,
  endsEveryWay: ({ source, index, leadsTo }) => leadsTo === undefined && factsOf(source).endsEveryWay[index] === true,
};

type Chains<R> = ReadonlyMap<
  string,
  { readonly name: string; readonly policy?: Policy | undefined; readonly rules: readonly R[] }
>;

const NOWHERE: ReadonlySet<Hook> = new Set();

function* graphOf<R>(chains: Chains<R>, reader: Reader<R>): Steps<CallGraph<R>> {
  const hooks = new Map<string, ReadonlySet<Hook>>();
  const loops = new Map<R, Jump<R>>();
  for (const { name, policy } of chains.values()) {
    if (!isHook(name) || policy === undefined) continue;
    const led = yield* walk(name, chains, reader, loops);
    for (const chain of led) {
      hooks.set(chain, withHook(hooks.get(chain) ?? NOWHERE, name));
    }
  }
  return { hooksOf: (chain) => hooks.get(chain) ?? NOWHERE, loops: [...loops.values()] };
}

/** Sets of hooks, which chains share: there are few, and perhaps a hundred thousand chains. */
const SETS = new Map<ReadonlySet<Hook>, Map<Hook, ReadonlySet<Hook>>>();

function withHook(hooks: ReadonlySet<Hook>, hook: Hook): ReadonlySet<Hook> {
  const larger = SETS.get(hooks) ?? new Map<Hook, ReadonlySet<Hook>>();
  const set = larger.get(hook) ?? new Set([...hooks, hook]);
  SETS.set(hooks, larger.set(hook, set));
  return set;
}

function reachable<R>(rules: readonly R[], { endsEveryWay }: Reader<R>): readonly R[] {
  const last = rules.findIndex(endsEveryWay);
  return last === -1 ? rules : rules.slice(0, last + 1);
}

interface Visit<R> {
  readonly chain: string;
  readonly rules: readonly R[];
  next: number;
}

/** The chains that `start` leads to, itself among them. Depth first with a stack of its own: chains may be thousands. */
function* walk<R>(
  start: string,
  chains: Chains<R>,
  reader: Reader<R>,
  loops: Map<R, Jump<R>>,
): Steps<ReadonlySet<string>> {
  const seen = new Set([start]);
  const open = new Set([start]);
  const visit = (chain: string): Visit<R> => {
    return { chain, rules: reachable(chains.get(chain)?.rules ?? [], reader), next: 0 };
  };
  const stack = [visit(start)];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const rule = top.rules[top.next];
    top.next++;
    if (rule === undefined) {
      open.delete(top.chain);
      stack.pop();
      continue;
    }
    const to = reader.leadsTo(rule);
    if (to === undefined || !chains.has(to)) continue;
    if (open.has(to)) {
      loops.set(rule, { from: top.chain, to, rule });
    } else if (!seen.has(to)) {
      seen.add(to);
      open.add(to);
      stack.push(visit(to));
      if (seen.size % STEP === 0) yield;
    }
  }
  return seen;
}
