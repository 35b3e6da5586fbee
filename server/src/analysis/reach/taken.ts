/**
 * One packet's way along a path of jumps, asked one thing: does an earlier rule surely take it? The answer holds for a
 * whole box of packets, and the rules that it rests on are named. What a rule takes perhaps proves nothing.
 */
import type { RuleRef } from '../rule-packets';
import { answerFor, type Term, type Values } from './rule-test';
import type { MappedChain, MappedRule, TableMap } from './table-map';

export interface Taken {
  /** The rule that ended it: the last of a path of jumps from the path's chain. */
  readonly by: readonly MappedRule[];
  /** Every packet for which these hold is taken as well, if it comes so far. */
  readonly because: readonly Term[];
}

export interface Search {
  readonly map: TableMap;
  /** Only these rules may take; all, where it is not there. */
  readonly allowed?: ReadonlySet<RuleRef['rule']>;
  /** Questions that may still be asked. */
  budget: number;
  /** Whether a rule was met that takes the packet perhaps. */
  isUnsure: boolean;
}

const DEEPEST_JUMP = 40;
/** Returns before the rule that takes: the box holds for packets that none of them matches. */
const MOST_ESCAPES = 200;

/**
 * @param path jumps from a base chain on, and the rule in question last
 * @returns undefined where the packet may come to the rule
 */
export function takenOnPath(search: Search, values: Values, path: readonly MappedRule[]): Taken | undefined {
  for (const { chain: name, number } of path) {
    const chain = search.map.chains.get(name);
    const taken = chain && takenBefore(search, values, chain, number - 1);
    if (taken) return taken;
  }
  return undefined;
}

/** Whoever leaves this chain, by whatever verdict, does not come to the rule at `end`. */
function takenBefore(search: Search, values: Values, chain: MappedChain, end: number): Taken | undefined {
  for (const index of search.map.takers(chain).candidates(values)) {
    if (index >= end) return undefined;
    const rule = chain.rules[index];
    if (rule === undefined || !isAllowed(search, rule)) continue;
    const answer = ask(search, rule, values);
    if (answer.kind === 'maybe') search.isUnsure = true;
    if (answer.kind !== 'yes') continue;
    if (rule.step !== 'calls' || rule.rule.target.kind === 'goto') return { by: [rule], because: answer.because };
    const inside = takenInside(search, values, rule, 1);
    if (inside) return { by: [rule, ...inside.by], because: [...answer.because, ...inside.because] };
  }
  return undefined;
}

/** Whether a called chain ends the packet's way, so that it does not come back. */
function takenInside(search: Search, values: Values, call: MappedRule, depth: number): Taken | undefined {
  const { target } = call.rule;
  const chain = target.kind === 'jump' || target.kind === 'goto' ? search.map.chains.get(target.chain) : undefined;
  if (chain === undefined || depth > DEEPEST_JUMP) return undefined;
  for (const index of search.map.takers(chain).candidates(values)) {
    const rule = chain.rules[index];
    if (rule === undefined) continue;
    const answer = ask(search, rule, values);
    const isEscape = rule.step === 'leaves' || rule.rule.target.kind === 'goto';
    if (answer.kind === 'maybe') {
      search.isUnsure = true;
      // Perhaps it goes back from here: then the rules behind say nothing of it.
      if (isEscape) return undefined;
    }
    if (answer.kind !== 'yes') continue;
    if (rule.step === 'leaves') return undefined;
    const inside = rule.step === 'calls' ? takenInside(search, values, rule, depth + 1) : undefined;
    if (rule.step === 'calls' && inside === undefined) {
      if (isEscape) return undefined;
      continue;
    }
    if (inside === undefined && !isAllowed(search, rule)) continue;
    const passed = passedEscapes(search, values, chain, index);
    if (passed === undefined) return undefined;
    return { by: [rule, ...(inside?.by ?? [])], because: [...answer.because, ...(inside?.because ?? []), ...passed] };
  }
  return undefined;
}

/** Why the packet was not sent back before: undefined where that takes too many words. */
function passedEscapes(search: Search, values: Values, chain: MappedChain, end: number): readonly Term[] | undefined {
  const because: Term[] = [];
  for (const [count, index] of search.map.escapes(chain).entries()) {
    if (index >= end) break;
    const rule = chain.rules[index];
    const answer = rule && ask(search, rule, values);
    if (answer?.kind !== 'no' || count > MOST_ESCAPES) return undefined;
    because.push(...answer.because);
  }
  return because;
}

/** A jump takes nothing itself. */
function isAllowed({ allowed }: Search, { rule }: MappedRule): boolean {
  return allowed === undefined || rule.target.kind === 'jump' || allowed.has(rule);
}

function ask(search: Search, { rule }: MappedRule, values: Values) {
  search.budget -= 1;
  return answerFor(search.map.space, search.map.testOf(rule), values);
}
