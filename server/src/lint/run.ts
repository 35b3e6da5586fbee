/** Runs the lint rules over a document: one walk for all of them, in slices between which it can be left. */
import { type Beside, NOTHING_BESIDE } from '../analysis/beside';
import type { Document } from '../analysis/document';
import type { Hints } from '../analysis/hints';
import { lower } from '../analysis/lower';
import type { Box } from '../analysis/packet-set';
import { type Reachability, reachabilityOf } from '../analysis/reach/reachability';
import { createWalker, type RuleRef, type Walker } from '../analysis/rule-packets';
import type { LintContext, LintRule, Report } from './define';
import type { Finding } from './finding';
import { RULE_GROUPS } from './groups';
import { LINT_RULES } from './registry';
import { Suppressions } from './suppress';
import { ALL_RULES } from './suppressions';

export interface LintOptions {
  readonly rules?: readonly LintRule[];
  readonly beside?: Beside;
  /** `ignored`: as if the ruleset's comments disabled nothing. */
  readonly suppressions?: 'obeyed' | 'ignored';
}

/** In the order of the text, without what the file suppresses. */
export function lint(document: Document, hints: Hints, options: LintOptions = {}): readonly Finding[] {
  const findings = [...lintSlices(document, hints, options)]
    .flat()
    .filter(({ suppressed }) => suppressed === undefined);
  return findings.sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
}

/** How many iptables rules are looked at in a slice. */
const RULES_PER_SLICE = 256;

/** The same findings in no order, and beside them those that a comment suppresses, marked so. */
export function* lintSlices(
  document: Document,
  hints: Hints,
  { rules = USUAL_RULES, beside = NOTHING_BESIDE, suppressions: obeyed = 'obeyed' }: LintOptions = {},
): Generator<readonly Finding[]> {
  const context = lintContext(document, hints, beside);
  const suppressions = obeyed === 'ignored' ? undefined : new Suppressions(document, rules.filter(isOfRulesets));
  const findings = (rule: LintRule, reports: readonly Report[] = []): readonly Finding[] => {
    const found = reports.map((report) => ({ severity: rule.severity, ...report, code: rule.code }));
    return suppressions?.marked(rule, found) ?? found;
  };
  for (const rule of rules) yield findings(rule, rule.on.ruleset?.(context));
  const perRule = rules.filter((rule) => rule.on.rule !== undefined);
  for (const refs of slicesOf(perRule.length === 0 ? [] : ruleRefs(context))) {
    const found: Finding[] = [];
    for (const ref of refs) {
      for (const rule of perRule) {
        const reports = rule.on.rule?.(ref, context) ?? [];
        // Nearly all say nothing, a hundred thousand times: nothing is made for them.
        if (reports.length > 0) found.push(...findings(rule, reports));
      }
    }
    yield found;
  }
  if (suppressions === undefined || suppressions.all.length === 0) return;
  for (const rule of rules) yield findings(rule, rule.on.suppressions?.(suppressions, context));
}

const USUAL_RULES = LINT_RULES.filter(({ offByDefault }) => offByDefault !== true);

/** A rule about suppressions has nothing to say of them that could be silenced before. */
function isOfRulesets({ on }: LintRule): boolean {
  return on.suppressions === undefined;
}

export function lintContext(document: Document, hints: Hints, beside: Beside): LintContext {
  const ruleset = lower(document.tree);
  let walker: Walker | undefined;
  const shared = () => {
    walker ??= createWalker(ruleset);
    return { ...walker };
  };
  let known: Reachability | undefined;
  const reachability = () => {
    known ??= reachabilityOf(shared());
    return known;
  };
  const reachOf = (ref: RuleRef) => reachability().of(ref);
  const reachWithin = (ref: RuleRef, shape: Box) => reachability().within(ref, shape);
  let other: LintContext | undefined;
  const twin = () => {
    other ??= beside.twin && lintContext(beside.twin, hints, {});
    return other;
  };
  return { document, ruleset, hints, beside, suppressible: SUPPRESSIBLE, twin, walker: shared, reachOf, reachWithin };
}

const SUPPRESSIBLE = [...LINT_RULES.map(({ code }) => code), ...Object.keys(RULE_GROUPS), ALL_RULES];

function* ruleRefs({ ruleset }: LintContext): Generator<RuleRef> {
  for (const { name: table, chains } of ruleset.tables) {
    for (const { name: chain, rules } of chains) {
      for (const [index, rule] of rules.entries()) yield { table, chain, number: index + 1, rule };
    }
  }
}

function* slicesOf<T>(items: Iterable<T>): Generator<readonly T[]> {
  let slice: T[] = [];
  for (const item of items) {
    slice.push(item);
    if (slice.length < RULES_PER_SLICE) continue;
    yield slice;
    slice = [];
  }
  if (slice.length > 0) yield slice;
}
