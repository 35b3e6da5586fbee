/**
 * Where the kernel refuses a rule for its place: loops, and matches or targets at a hook that is not theirs, also where
 * the chain is one's own and another leads to it.
 *
 * @kernel net/netfilter/x_tables.c:xt_check_match, net/netfilter/x_tables.c:xt_check_target
 */
import type { Hook, TableName } from '../../../src-sim/netfilter/hook';
import type { Rule, Ruleset, Table } from '../../../src-sim/netfilter/ruleset';
import { BUILTIN } from '../../../src-sim/xt/registry';
import { problem } from '../syntax/problem';
import type { Span, Tree } from '../syntax/tree';
import { type CallGraph, callGraph, reachableRules } from './call-graph';
import type { LocatedProblem } from './located-problem';
import { unknownOf } from './lower-rule';
import { perLine } from './per-line';
import { type Use, usesOf } from './rule-uses';

export function checkHooks(tree: Tree, ruleset: Ruleset): readonly LocatedProblem[] {
  return ruleset.tables.flatMap((table) => {
    const graph = callGraph(table);
    return [...loopProblems(tree, graph), ...placeProblems(tree, table, graph)];
  });
}

function loopProblems(tree: Tree, graph: CallGraph): readonly LocatedProblem[] {
  return graph.loops.flatMap(({ from, to, rule }) => {
    const line = tree.lines[rule.line];
    const name = line?.kind === 'command' ? usesOf(line).target?.loader.name : undefined;
    const message =
      from === to ? `chain "${to}" leads to itself` : `chain "${to}" leads here already: the way never ends`;
    return name ? [{ ...problem(name.span, 'loop', message), line: rule.line }] : [];
  });
}

function placeProblems(tree: Tree, table: Table, graph: CallGraph): readonly LocatedProblem[] {
  const found = new Map<string, LocatedProblem>();
  for (const chain of table.chains) {
    const hooks = graph.hooksOf(chain.name);
    if (hooks.size === 0) continue;
    for (const rule of reachableRules(chain)) {
      const line = tree.lines[rule.line];
      const limits = line?.kind === 'command' ? limitsOf(line) : NO_LIMITS;
      if (limits.length === 0) continue;
      const inTable = limits.filter(({ tables }) => tables === undefined || tables.includes(table.name));
      for (const one of ruleProblems(rule, inTable, chain.name, hooks)) found.set(`${one.line}:${one.span.start}`, one);
    }
  }
  return [...found.values()];
}

function ruleProblems(
  rule: Rule,
  limits: readonly HookLimit[],
  chain: string,
  hooks: ReadonlySet<Hook>,
): readonly LocatedProblem[] {
  return limits.flatMap(({ span, label, allowed, ofTarget }) => {
    const wrong = [...hooks].filter((hook) => !allowed.includes(hook));
    if (wrong.length === 0 || (ofTarget && rule.target.kind !== 'target')) return [];
    const cause = wrong.some((hook) => hook === chain) ? '' : `, and ${wrong.join(', ')} leads to chain "${chain}"`;
    const message = `${label} may stand only in ${allowed.join(', ')}${cause}`;
    return [{ ...problem(span, 'wrong-hook', message), line: rule.line }];
  });
}

interface HookLimit {
  readonly span: Span;
  readonly label: string;
  readonly allowed: readonly Hook[];
  readonly ofTarget: boolean;
  /** In another table it is refused for that. */
  readonly tables: readonly TableName[] | undefined;
}

const NO_LIMITS: readonly HookLimit[] = [];

const limitsOf = perLine((line): readonly HookLimit[] => {
  const { matches, target } = usesOf(line);
  const limits = [...matches, ...(target ? [target] : [])].flatMap(useLimits);
  return limits.length === 0 ? NO_LIMITS : limits;
});

function useLimits(use: Use): readonly HookLimit[] {
  if (use.extension === undefined || use.extension === BUILTIN) return [];
  const span = use.loader?.name?.span ?? use.parts[0]?.flag.span;
  const { name: label, hooks, tables } = use.extension;
  const allowed = (unknownOf(use) === undefined ? use.extension.hooksFor?.(use.given) : undefined) ?? hooks;
  const ofTarget = use.extension.kind === 'target';
  const whole: HookLimit[] = allowed && span ? [{ span, label, allowed, ofTarget, tables }] : [];
  const options = use.parts.flatMap((part): HookLimit[] => {
    const { hooks } = part.declaration;
    return hooks ? [{ span: part.flag.span, label: part.flag.value, allowed: hooks, ofTarget, tables }] : [];
  });
  return [...whole, ...options];
}
