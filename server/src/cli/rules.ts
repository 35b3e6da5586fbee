/** `chainwalk rules`: every lint rule by group. */
import { LINT_RULES } from '../lint/registry';
import { rulesByGroup, severityText } from '../lint/rule-list';
import { styleFor } from './style';
import type { Terminal } from './terminal';

export async function listRules(format: 'text' | 'json', terminal: Terminal): Promise<number> {
  await terminal.write(format === 'json' ? jsonList() : textList(terminal.color));
  return 0;
}

function jsonList(): string {
  const rules = LINT_RULES.map(({ code, group, severity, offByDefault, proof, title }) => ({
    code,
    group,
    severity,
    on: offByDefault !== true,
    proof,
    title,
  }));
  return `${JSON.stringify(rules, null, 2)}\n`;
}

function textList(color: boolean): string {
  const style = styleFor(color);
  const width = Math.max(...LINT_RULES.map(({ code }) => code.length));
  return rulesByGroup()
    .flatMap(({ group, about, rules }) => [
      `${style.bold(group)}  ${style.dim(about.replaceAll('`', ''))}`,
      ...rules.map(
        (rule) => `  ${rule.code.padEnd(width)}  ${severityText(rule).padEnd(SEVERITY_WIDTH)}  ${rule.title}`,
      ),
      '',
    ])
    .join('\n');
}

const SEVERITY_WIDTH = 'off (information)'.length;
