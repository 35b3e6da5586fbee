/** docs/rules/errors.md: every kind of refusal, with a ruleset that shows it. */
import type { Refusal } from './define';
import { REFUSALS } from './registry';

export function refusalsPage(): string {
  return [
    '# What iptables-restore refuses',
    [
      'These are no lint rules: a file with one of them is not loaded, or not by one of the two programs called iptables. They can be',
      'neither switched off nor suppressed. `chainwalk check` says whether a file loads; `chainwalk explain CODE` shows what is below.',
    ].join('\n'),
    ...REFUSALS.map((refusal) => refusalText(refusal, '##')),
  ].join('\n\n');
}

/** One of them, for a terminal or as a part of the page. */
export function refusalText({ code, title, why, instead, examples: [example] }: Refusal, heading: '#' | '##'): string {
  const { code: bad, fixed, refusedBy, loads } = example ?? { code: '' };
  const how = loads ? 'loaded, and not as it seems' : `refused${refusedBy ? ` by iptables-${refusedBy}` : ''}`;
  return [
    `${heading} \`${code}\`: ${title}`,
    why,
    `Instead: ${instead}`,
    `Such a file is ${how}:`,
    fenced(visible(bad)),
    ...(fixed === undefined ? [] : ['And this is not:', fenced(fixed)]),
  ].join('\n\n');
}

function fenced(text: string): string {
  return `\`\`\`iptables\n${text.trimEnd()}\n\`\`\``;
}

function visible(text: string): string {
  return text.replaceAll('\r', '').replaceAll('\ufeff', '').replaceAll('\u00a0', ' ');
}
