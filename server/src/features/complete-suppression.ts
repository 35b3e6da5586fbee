/** Completion in the comments that speak to Chainwalk: their first word, and the rules that one of them silences. */
import { RULE_GROUPS } from '../lint/groups';
import { LINT_RULES } from '../lint/registry';
import { ALL_RULES, SUPPRESSION_WORDS, type SuppressionKind } from '../lint/suppressions';
import type { Completion } from './completion';
import { code } from './markdown';

const MEANINGS: Readonly<Record<SuppressionKind, string>> = {
  'next-line': 'silences rules of the linter for the line below',
  file: 'silences rules of the linter in this file',
  begin: 'silences rules of the linter from here on',
  end: 'wakes them again',
};

export function completeCommentWord(): readonly Completion[] {
  const hint: Completion = {
    kind: 'hint',
    label: 'chainwalk:',
    detail: 'says of the host what a ruleset cannot',
    documentation: '',
  };
  const words = Object.entries(SUPPRESSION_WORDS).map(
    ([word, kind]): Completion => ({
      kind: 'hint',
      label: `chainwalk-${word}`,
      detail: MEANINGS[kind],
      documentation: '',
    }),
  );
  return [hint, ...words];
}

/** Rules, groups of them, and all: what is named already is not offered again. */
export function completeSuppressed(named: readonly string[]): readonly Completion[] {
  const rules = LINT_RULES.map(
    ({ code: label, title, group }): Completion => ({
      kind: 'hint',
      label,
      detail: title,
      documentation: `Group ${code(group)}.`,
    }),
  );
  const groups = Object.entries(RULE_GROUPS).map(
    ([label, detail]): Completion => ({ kind: 'hint', label, detail, documentation: 'A group of lint rules.' }),
  );
  const all: Completion = { kind: 'hint', label: ALL_RULES, detail: 'every lint rule', documentation: '' };
  return [...rules, ...groups, all].filter(({ label }) => !named.includes(label));
}
