/** docs/rules/README.md: every lint rule by group, each with its page. */
import type { LintRule } from './define';
import { RULE_GROUPS, type RuleGroup } from './groups';
import { LINT_RULES } from './registry';

export interface RulesOfGroup {
  readonly group: RuleGroup;
  /** What its rules are about, as Markdown. */
  readonly about: string;
  readonly rules: readonly LintRule[];
}

/** Groups in their order; those that have no rule are left out. */
export function rulesByGroup(rules: readonly LintRule[] = LINT_RULES): readonly RulesOfGroup[] {
  return (Object.keys(RULE_GROUPS) as RuleGroup[])
    .map((group) => ({ group, about: RULE_GROUPS[group], rules: rules.filter((rule) => rule.group === group) }))
    .filter((one) => one.rules.length > 0);
}

/** Without being asked for, an `offByDefault` rule says nothing. */
export function severityText({ severity, offByDefault }: LintRule): string {
  return offByDefault ? `off (${severity})` : severity;
}

export function ruleListPage(): string {
  return [
    '# Lint rules',
    [
      'Each has a page: what it finds, why that hurts, what to write instead, and when to suppress it. A whole group is',
      'switched by `chainwalk.lint.groups` in the settings, `lint: groups:` in a `chainwalk.yaml`, or `--group` on the',
      'command line. A rule about *packets* makes no finding without a witness packet that the simulator confirmed; one about',
      '*text* says what everybody can read.',
    ].join('\n'),
    ...rulesByGroup().flatMap(({ group, about, rules }) => [`## \`${group}\`: ${about}`, table(rules)]),
  ].join('\n\n');
}

function table(rules: readonly LintRule[]): string {
  const rows = rules.map((rule) => [
    `[\`${rule.code}\`](${rule.code}.md)`,
    rule.title.replaceAll('|', '\\|'),
    severityText(rule),
    rule.proof,
  ]);
  const lines = [['rule', 'what it finds', 'default', 'about'], ['---', '---', '---', '---'], ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
