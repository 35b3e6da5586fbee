/** Which lint rules run, and how loud they are: what settings, `chainwalk.yaml` and the command line choose. */
import type { LintRule } from './define';
import type { Severity } from './finding';
import type { RuleGroup } from './groups';

export const SEVERITIES = ['error', 'warning', 'information', 'hint'] as const satisfies readonly Severity[];

/** `default`: as if nothing were said. */
export const SEVERITY_CHOICES = ['default', ...SEVERITIES, 'off'] as const;

export type SeverityChoice = (typeof SEVERITY_CHOICES)[number];

/** A rule's own choice counts before its group's. */
export interface LintChoices {
  /** By code. */
  readonly rules: ReadonlyMap<string, SeverityChoice>;
  readonly groups: ReadonlyMap<string, SeverityChoice>;
}

export const NO_CHOICES: LintChoices = { rules: new Map(), groups: new Map() };

export function isSeverityChoice(value: unknown): value is SeverityChoice {
  return (SEVERITY_CHOICES as readonly unknown[]).includes(value);
}

/** Those of `stronger` count first. */
export function mergeChoices(stronger: LintChoices, weaker: LintChoices): LintChoices {
  return {
    rules: new Map([...said(weaker.rules), ...said(stronger.rules)]),
    groups: new Map([...said(weaker.groups), ...said(stronger.groups)]),
  };
}

/** A group's severity does not switch on what is off by default: who wants it names it. */
export function isSwitchedOn(rule: Pick<LintRule, 'code' | 'group' | 'offByDefault'>, choices: LintChoices): boolean {
  const own = ownChoice(rule, choices);
  if (own !== undefined) return own !== 'off';
  return rule.offByDefault !== true && groupChoice(rule, choices) !== 'off';
}

/** Undefined: the severity that the finding has of itself. */
export function chosenSeverity(rule: { readonly code: string; readonly group: RuleGroup }, choices: LintChoices) {
  const choice = ownChoice(rule, choices) ?? groupChoice(rule, choices);
  return choice === 'off' ? undefined : choice;
}

/** How severe, the most severe first: 0 for an error. */
export function severityRank(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

type Said = Exclude<SeverityChoice, 'default'>;

function ownChoice({ code }: { readonly code: string }, { rules }: LintChoices): Said | undefined {
  const choice = rules.get(code);
  return choice === 'default' ? undefined : choice;
}

function groupChoice({ group }: { readonly group: RuleGroup }, { groups }: LintChoices): Said | undefined {
  const choice = groups.get(group);
  return choice === 'default' ? undefined : choice;
}

function said(choices: ReadonlyMap<string, SeverityChoice>): readonly (readonly [string, SeverityChoice])[] {
  return [...choices].filter(([, choice]) => choice !== 'default');
}
