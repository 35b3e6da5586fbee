/**
 * Where the kernel refuses a rule for its place: loops, and matches or targets at a hook that is not theirs, also where
 * the chain is one's own and another leads to it.
 *
 * @kernel net/netfilter/x_tables.c:xt_check_match, net/netfilter/x_tables.c:xt_check_target
 */
import type { Hook } from '../../../src-sim/netfilter/hook';
import { problem } from '../syntax/problem';
import { type CallGraph, reachableRules, stateGraphSteps } from './call-graph';
import type { LocatedProblem } from './located-problem';
import { factsOf, type HookLimit, limitsOf } from './rule-facts';
import { usesOf } from './rule-uses';
import { STEP, type Steps } from './steps';
import type { RuleState, TableState } from './table-state';

/** @param inOrder whether the commands are sure to run in the order of the text: otherwise there may be no loop */
export function* checkHooks(tables: Iterable<TableState>, inOrder: boolean): Steps<readonly LocatedProblem[]> {
  const found: LocatedProblem[] = [];
  for (const table of tables) {
    const graph = yield* stateGraphSteps(table);
    if (inOrder) for (const one of loopProblems(graph)) found.push(one);
    for (const one of yield* placeProblems(table, graph)) found.push(one);
  }
  return found;
}

function loopProblems(graph: CallGraph<RuleState>): readonly LocatedProblem[] {
  return graph.loops.flatMap(({ from, to, rule: { source, line } }) => {
    const { name } = usesOf(source).target?.loader ?? {};
    const message =
      from === to ? `chain "${to}" leads to itself` : `chain "${to}" leads here already: the way never ends`;
    return name ? [{ ...problem(name.span, 'loop', message), line }] : [];
  });
}

function* placeProblems(table: TableState, graph: CallGraph<RuleState>): Steps<readonly LocatedProblem[]> {
  const found = new Map<string, LocatedProblem>();
  let looked = 0;
  for (const chain of table.chains.values()) {
    looked += 1;
    if (looked % STEP === 0) yield;
    const hooks = graph.hooksOf(chain.name);
    if (hooks.size === 0) continue;
    for (const rule of reachableRules(chain.rules)) {
      // What a shape may not do its lines may not: only theirs are the places of the words.
      if (ruleProblems(rule, factsOf(rule.source).limits, table, chain.name, hooks).length === 0) continue;
      for (const one of ruleProblems(rule, limitsOf(rule.source), table, chain.name, hooks)) {
        found.set(`${one.line}:${one.span.start}`, one);
      }
    }
  }
  return [...found.values()];
}

const NO_PROBLEMS: readonly LocatedProblem[] = [];

function ruleProblems(
  { leadsTo, line }: RuleState,
  limits: readonly HookLimit[],
  table: TableState,
  chain: string,
  hooks: ReadonlySet<Hook>,
): readonly LocatedProblem[] {
  if (limits.length === 0) return NO_PROBLEMS;
  return limits.flatMap(({ span, label, allowed, ofTarget, tables }) => {
    if (tables && !tables.includes(table.name)) return [];
    const wrong = [...hooks].filter((hook) => !allowed.includes(hook));
    const isChain = leadsTo !== undefined;
    if (wrong.length === 0 || (ofTarget && isChain)) return [];
    const cause = wrong.some((hook) => hook === chain) ? '' : `, and ${wrong.join(', ')} leads to chain "${chain}"`;
    const message = `${label} may stand only in ${allowed.join(', ')}${cause}`;
    return [{ ...problem(span, 'wrong-hook', message), line }];
  });
}
