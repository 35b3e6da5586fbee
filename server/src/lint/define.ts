/**
 * How a lint rule is declared: once, in one file, with the words that explain it, the rulesets that show it, and the
 * check. The registry, the settings, the pages under docs/rules and the tests read the declaration.
 */
import type { Family } from '../../../src-sim/net/address';
import type { Rule, Ruleset } from '../../../src-sim/netfilter/ruleset';
import type { Beside } from '../analysis/beside';
import type { Document } from '../analysis/document';
import type { Hints } from '../analysis/hints';
import type { Box } from '../analysis/packet-set';
import type { Reach } from '../analysis/reach/reachability';
import type { RuleRef, Walker } from '../analysis/rule-packets';
import type { Variant } from '../analysis/variant';
import type { Finding, Severity } from './finding';
import type { RuleGroup } from './groups';
import type { Suppressions } from './suppress';

export interface LintRule {
  /** Kebab-case: the name of its file, of its page, and the code of its findings. */
  readonly code: string;
  readonly title: string;
  readonly severity: Severity;
  readonly group: RuleGroup;
  /**
   * What its findings speak of: `packets`, so that each carries a witness which the simulator confirmed; or `text`, the
   * words themselves, which everybody can read.
   */
  readonly proof: 'packets' | 'text';
  /** For a rule that speaks of taste: who wants it switches it on. */
  readonly offByDefault?: true;
  readonly docs: RuleDocs;
  /** Where the kernel does what the rule warns of: `net/netfilter/xt_CT.c:notrack_tg`. */
  readonly kernel: readonly string[];
  /** Every finding is marked by a caret line below it: `#    ^^^^ message, or the beginning of it`. */
  readonly bad: readonly BadExample[];
  /** Rulesets that look alike and are right. */
  readonly good: readonly GoodExample[];
  readonly on: RuleHandlers;
}

/** Paragraphs of Markdown. */
export interface RuleDocs {
  /** What the rule finds, in a sentence or two. */
  readonly what: string;
  readonly why: string;
  readonly instead: string;
  readonly suppress: string;
}

export interface GoodExample {
  readonly title: string;
  /** A whole iptables-save text that iptables-restore accepts. */
  readonly code: string;
  /** Where the text does not tell. */
  readonly family?: Family;
  /** Where one variant alone accepts it. */
  readonly variant?: Variant;
  /** Files beside it; its ipsets are there when iptables is asked. */
  readonly beside?: Beside;
}

export interface BadExample extends GoodExample {
  /** The text after the first fix of each finding. */
  readonly fixed?: string;
  /** That iptables refuses it is what the rule says: what is missing beside it is missing when iptables is asked. */
  readonly refused?: true;
}

export interface RuleHandlers {
  /** Called once for a document. */
  ruleset?(context: LintContext): readonly Report[];
  /** Called for every rule of every chain. */
  rule?(ref: RuleRef, context: LintContext): readonly Report[];
  /** Called once when all the others are done. */
  suppressions?(suppressions: Suppressions, context: LintContext): readonly Report[];
}

/** What a lint rule reports; its code and, where nothing else is said, its severity come from the declaration. */
export type Report = Omit<Finding, 'code' | 'severity' | 'suppressed'> & { readonly severity?: Severity };

export interface LintContext {
  readonly document: Document;
  readonly ruleset: Ruleset;
  readonly hints: Hints;
  readonly beside: Beside;
  /** What a suppression may name: codes, groups, `all`. */
  readonly suppressible: readonly string[];
  /** The same of the other address family's ruleset; undefined where none stands beside this one. */
  twin(): LintContext | undefined;
  /** One for the document, so that what rules take of packets is worked out once: with a budget of its own each. */
  walker(): Walker;
  /** Whether packets come to a rule, and which earlier ones take them: worked out when it is first asked. */
  reachOf(ref: RuleRef): Reach;
  /** The same for packets of one shape; not remembered. */
  reachWithin(ref: RuleRef, shape: Box): Reach;
}

export function defineRule(rule: LintRule): LintRule {
  return rule;
}

/** Prose written over several lines; an empty one begins a paragraph. */
export function paragraphs(...lines: readonly string[]): string {
  return lines.join(' ').replaceAll('  ', '\n\n');
}

/** `raw:PREROUTING:1 (line 4)`: how messages name a rule. */
export function nameOf(ref: RuleRef): string {
  return `${ref.table}:${ref.chain}:${ref.number} (line ${lineNumber(ref.rule)})`;
}

/** From 1, as editors count. */
export function lineNumber(rule: Rule): number {
  return rule.line + 1;
}
