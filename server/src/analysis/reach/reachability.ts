/**
 * Which rules no packet ever comes to, or is matched by, and which earlier rules see to that.
 *
 * For a rule, every path of jumps to it is looked at, and the packets that could come along it and be matched (more
 * rather than fewer). One of them is picked; if an earlier rule surely takes it, all that are taken for the same reason
 * are left out, and the next is picked from the rest, until a packet comes through or none is left. So the cost is that
 * of the reasons, not of all rules before.
 */
import type { TableName } from '../../../../src-sim/netfilter/hook';
import type { Rule } from '../../../../src-sim/netfilter/ruleset';
import { type Box, subtractBox } from '../packet-set';
import type { RuleRef, Walker } from '../rule-packets';
import { type Path, PathSearch } from './paths';
import { answerFor, boxOf, mayTake, type Values } from './rule-test';
import { type MappedRule, mapTable, type TableMap } from './table-map';
import { type Search, takenOnPath } from './taken';
import { pickValues } from './values';

export type Reach =
  /** Nothing stands in the way of this packet; `isSure`: it is matched. */
  | { readonly kind: 'reached'; readonly sample: Sample; readonly isSure: boolean }
  /** Its conditions, and those of the jumps to it, cannot all hold: the paths, from the jump that is too much. */
  | { readonly kind: 'contradiction'; readonly paths: readonly (readonly RuleRef[])[] }
  /** Earlier rules take all: `by` are enough, in their order, and none of them can be spared. */
  | { readonly kind: 'taken'; readonly by: readonly RuleRef[]; readonly sample: Sample }
  /** No jump leads to its chain. */
  | { readonly kind: 'unreferenced' }
  /** It asks for packets that sets do not have, or it would take too long to tell. */
  | { readonly kind: 'unknown' };

/** Packets along a path: the jumps that lead them to the rule, the rule itself last. */
export interface Sample {
  readonly box: Box;
  /** One of them. */
  readonly values: Values;
  readonly path: readonly RuleRef[];
}

export interface Reachability {
  of(ref: RuleRef): Reach;
  /** The same for packets of one shape. */
  within(ref: RuleRef, shape: Box): Reach;
}

/** Questions to rules, for one rule. */
const BUDGET = 40_000;
/** Packets picked for one rule, and chains looked at on the paths to it. */
const MOST_PICKS = 1_000;
const MOST_VISITS = 400;
/** Of more rules than this it is not asked which can be spared. */
const MOST_BLOCKERS = 24;

export function reachabilityOf(walker: Walker): Reachability {
  const maps = new Map<TableName, TableMap>();
  const known = new Map<Rule, Reach>();
  const within = ({ table, chain, number }: RuleRef, shape: Box): Reach => {
    const map = maps.get(table) ?? mapTable(walker, table);
    maps.set(table, map);
    const mapped = map.chains.get(chain)?.rules[number - 1];
    return mapped ? reachOf(map, mapped, shape) : { kind: 'unknown' };
  };
  return {
    within,
    of(ref) {
      const reach = known.get(ref.rule) ?? within(ref, {});
      known.set(ref.rule, reach);
      return reach;
    },
  };
}

function reachOf(map: TableMap, rule: MappedRule, shape: Box): Reach {
  const chain = map.chains.get(rule.chain);
  const test = map.testOf(rule.rule);
  if (chain === undefined || test.isOutside) return { kind: 'unknown' };
  const search: Search = { map, budget: BUDGET, isUnsure: false };
  const found = new PathSearch(map, MOST_VISITS);
  // What its own chain takes from everybody is taken, however many jumps lead there.
  const own: Path = { rules: [rule], boxes: mayTake(test, shape) };
  if (chain.callers.length > 1 && surveyOf(search, [own]).kind === 'taken') {
    const paths = [...found.pathsTo(rule, shape)];
    const [first] = paths;
    if (first) return takenReach(search, found.isCut ? [own] : paths, sampleOf(map, first));
    return { kind: found.isCut || found.contradictions.length > 0 ? 'unknown' : 'unreferenced' };
  }
  return reachAlong(search, found, found.pathsTo(rule, shape));
}

function reachAlong(search: Search, found: PathSearch, all: Iterable<Path>): Reach {
  const paths: Path[] = [];
  for (const path of all) {
    const survey = surveyOf(search, [path]);
    if (survey.kind === 'survivor') return { kind: 'reached', sample: survey.sample, isSure: survey.isSure };
    if (survey.kind === 'gave-up') return { kind: 'unknown' };
    paths.push(path);
  }
  const [first] = paths;
  if (found.isCut) return { kind: 'unknown' };
  if (first) return takenReach(search, paths, sampleOf(search.map, first));
  const { contradictions } = found;
  return contradictions.length > 0 ? { kind: 'contradiction', paths: contradictions } : { kind: 'unreferenced' };
}

type Survey =
  | { readonly kind: 'survivor'; readonly sample: Sample; readonly isSure: boolean }
  | { readonly kind: 'gave-up' }
  | { readonly kind: 'taken'; readonly by: ReadonlySet<MappedRule> };

function surveyOf(search: Search, paths: Iterable<Path>): Survey {
  const by = new Set<MappedRule>();
  for (const path of paths) {
    const left = [...path.boxes];
    for (let picks = 0, box = left.pop(); box !== undefined; picks += 1, box = left.pop()) {
      if (picks > MOST_PICKS || search.budget < 0) return { kind: 'gave-up' };
      search.isUnsure = false;
      const { values } = pickValues(search.map.space, box);
      const taken = takenOnPath(search, values, path.rules);
      if (taken === undefined) {
        const isSure = !search.isUnsure && path.rules.every(({ rule }) => isMatched(search, rule, values));
        return { kind: 'survivor', sample: { box, values, path: path.rules }, isSure };
      }
      const last = taken.by.at(-1);
      if (last) by.add(last);
      left.push(...subtractBox(search.map.space, box, boxOf(taken.because)));
    }
  }
  return { kind: 'taken', by };
}

function isMatched({ map }: Search, rule: Rule, values: Values): boolean {
  return answerFor(map.space, map.testOf(rule), values).kind === 'yes';
}

function sampleOf(map: TableMap, { boxes, rules }: Path): Sample {
  const [box = {}] = boxes;
  return { box, values: pickValues(map.space, box).values, path: rules };
}

function takenReach(search: Search, paths: readonly Path[], sample: Sample): Reach {
  const survey = surveyOf({ ...search, budget: BUDGET }, paths);
  const all = survey.kind === 'taken' ? [...survey.by] : [];
  const by = all.length > MOST_BLOCKERS ? all : withoutSpare(search, paths, all);
  return { kind: 'taken', by, sample };
}

/** The rules without those that the others make up for. */
function withoutSpare(search: Search, paths: readonly Path[], all: readonly MappedRule[]): readonly MappedRule[] {
  let needed = all;
  for (const one of all) {
    const others = needed.filter((other) => other !== one);
    const allowed = new Set(others.map(({ rule }) => rule));
    if (others.length > 0 && surveyOf({ ...search, allowed, budget: BUDGET }, paths).kind === 'taken') needed = others;
  }
  return needed;
}
