/** What a rule asks of one packet, three-valued, and why it answers as it does: the part that a whole box shares. */
import {
  holds,
  type IntervalSet,
  intersect,
  interval,
  type Point,
  subtract,
} from '../../../../src-sim/net/interval-set';
import type { MatchUse, Rule } from '../../../../src-sim/netfilter/ruleset';
import type { Region, RegionCondition } from '../../../../src-sim/xt/region';
import { conditionSet } from '../condition-set';
import { type Box, intersectBoxes } from '../packet-set';
import { type Dimension, domainOf, type Space } from '../packet-space';
import { regionsOf } from '../rule-packets';

/** The packet's value of the dimension is in the set. */
export interface Term {
  readonly dimension: Dimension;
  readonly set: IntervalSet;
}

interface Conjunction {
  readonly terms: readonly Term[];
  /** False: perhaps not, though all terms hold. */
  readonly exact: boolean;
}

export interface RuleTest extends Conjunction {
  /** One of each must hold beside the terms (`--ports`). */
  readonly choices: readonly (readonly Conjunction[])[];
  /** It asks for packets that sets do not have: later fragments. */
  readonly isOutside: boolean;
}

/** One packet: its value in every dimension that somebody asks for. */
export type Values = (dimension: Dimension) => Point;

export type Answer =
  | { readonly kind: 'yes'; readonly because: readonly Term[] }
  | { readonly kind: 'maybe' }
  /** Every packet for which these hold is not matched either. */
  | { readonly kind: 'no'; readonly because: readonly Term[] };

/** What stays as it is while a packet walks through the table. */
export interface Steadiness {
  readonly mark: boolean;
  readonly state: boolean;
  readonly questions: boolean;
}

export function ruleTest(space: Space, rule: Rule, steadiness: Steadiness): RuleTest {
  const terms = new Map<Dimension, IntervalSet>();
  const choices: (readonly Conjunction[])[] = [];
  let exact = true;
  let isOutside = false;
  for (const match of rule.matches) {
    const regions = conjunctionsOf(space, match, steadiness);
    const [only] = regions ?? [];
    if (regions === undefined) exact = false;
    else if (only === undefined) isOutside = true;
    else if (regions.length > 1) choices.push(regions);
    else {
      exact = exact && only.exact;
      for (const term of only.terms) addTerm(terms, term);
    }
  }
  return { terms: [...terms].map(([dimension, set]) => ({ dimension, set })), choices, exact, isOutside };
}

function addTerm(terms: Map<Dimension, IntervalSet>, { dimension, set }: Term): void {
  const known = terms.get(dimension);
  terms.set(dimension, known === undefined ? set : intersect(known, set));
}

function conjunctionsOf(space: Space, match: MatchUse, steadiness: Steadiness): readonly Conjunction[] | undefined {
  return regionsOf(match)?.map((region) => conjunction(space, region, steadiness));
}

function conjunction(space: Space, { conditions, exact }: Region, steadiness: Steadiness): Conjunction {
  const terms = conditions.map((condition) => termOf(space, condition, steadiness));
  const known = terms.filter((term) => term !== undefined);
  return { terms: known, exact: exact && known.length === terms.length };
}

const YES: IntervalSet = interval(1, 2);
const NO: IntervalSet = interval(0, 1);

function termOf(space: Space, condition: RegionCondition, steadiness: Steadiness): Term | undefined {
  const { kind, inverted } = condition;
  if (kind === 'question') {
    if (!steadiness.questions) return undefined;
    return { dimension: `question ${condition.question}`, set: inverted ? NO : YES };
  }
  if (kind === 'state' && !steadiness.state) return undefined;
  if ((kind === 'range' || kind === 'bits') && condition.field === 'mark' && !steadiness.mark) return undefined;
  const known = conditionSet(space, condition);
  if (known?.kind !== 'bits') return known;
  // Bits without a place among intervals: a question of their own, and what lies outside the mask never comes true.
  if ((known.value & ~known.mask) !== 0) return { dimension: 'mark', set: inverted ? space.domains.mark : [] };
  return { dimension: `question mark ${known.value}/${known.mask}`, set: inverted ? NO : YES };
}

export function answerFor(space: Space, test: RuleTest, values: Values): Answer {
  if (test.isOutside) return { kind: 'no', because: [] };
  const failing = failingTerm(test.terms, values);
  if (failing) return { kind: 'no', because: [complement(space, failing)] };
  let { exact } = test;
  const because: Term[] = [...test.terms];
  for (const choice of test.choices) {
    const open = choice.filter(({ terms }) => failingTerm(terms, values) === undefined);
    if (open.length === 0) {
      const failed = choice.map(({ terms }) => failingTerm(terms, values)).filter((term) => term !== undefined);
      return { kind: 'no', because: failed.map((term) => complement(space, term)) };
    }
    const sure = open.find((one) => one.exact);
    if (sure) because.push(...sure.terms);
    else exact = false;
  }
  return exact ? { kind: 'yes', because } : { kind: 'maybe' };
}

function failingTerm(terms: readonly Term[], values: Values): Term | undefined {
  for (const term of terms) if (!holds(term.set, values(term.dimension))) return term;
  return undefined;
}

function complement(space: Space, { dimension, set }: Term): Term {
  return { dimension, set: subtract(domainOf(space, dimension), set) };
}

/** Every packet that the rule may take, of those in the box; the parts may overlap. */
export function mayTake(test: RuleTest, start: Box): readonly Box[] {
  if (test.isOutside) return [];
  return test.choices.reduce<readonly Box[]>(
    (boxes, choice) => boxes.flatMap((box) => choice.flatMap(({ terms }) => intersectBoxes(box, boxOf(terms)) ?? [])),
    [intersectBoxes(start, boxOf(test.terms))].filter((box) => box !== undefined),
  );
}

export function boxOf(terms: readonly Term[]): Box {
  const sets = new Map<Dimension, IntervalSet>();
  for (const term of terms) addTerm(sets, term);
  return Object.fromEntries(sets);
}
