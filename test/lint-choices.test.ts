import { describe, expect, it } from 'vitest';
import type { RuleGroup } from '../server/src/lint/groups';
import {
  chosenSeverity,
  isSwitchedOn,
  type LintChoices,
  mergeChoices,
  NO_CHOICES,
  type SeverityChoice,
} from '../server/src/lint/severities';

const choices = (
  rules: Readonly<Record<string, SeverityChoice>>,
  groups: Readonly<Record<string, SeverityChoice>> = {},
): LintChoices => ({ rules: new Map(Object.entries(rules)), groups: new Map(Object.entries(groups)) });

const rule: { readonly code: string; readonly group: RuleGroup } = { code: 'one', group: 'order' };
const taste = { ...rule, offByDefault: true } as const;

describe('a rule', () => {
  it('runs where nothing is said, unless it is off by default', () => {
    expect([isSwitchedOn(rule, NO_CHOICES), isSwitchedOn(taste, NO_CHOICES)]).toEqual([true, false]);
  });

  it('is switched with its group, and by its own choice before that', () => {
    expect(isSwitchedOn(rule, choices({}, { order: 'off' }))).toBe(false);
    expect(isSwitchedOn(rule, choices({ one: 'hint' }, { order: 'off' }))).toBe(true);
    expect(isSwitchedOn(rule, choices({ one: 'default' }, { order: 'off' }))).toBe(false);
    expect(isSwitchedOn(rule, choices({ one: 'off' }, { order: 'error' }))).toBe(false);
  });

  it('that is off by default must be named itself', () => {
    expect(isSwitchedOn(taste, choices({}, { order: 'warning' }))).toBe(false);
    expect(isSwitchedOn(taste, choices({ one: 'warning' }))).toBe(true);
  });

  it('has the severity of its own choice, else of its group, else its own', () => {
    expect(chosenSeverity(rule, choices({ one: 'hint' }, { order: 'error' }))).toBe('hint');
    expect(chosenSeverity(rule, choices({}, { order: 'error' }))).toBe('error');
    expect(chosenSeverity(rule, choices({ one: 'default' }, { nat: 'error' }))).toBeUndefined();
  });
});

describe('two sources of choices', () => {
  it('the stronger wins where both speak; "default" says nothing', () => {
    const merged = mergeChoices(choices({ one: 'default', two: 'off' }), choices({ one: 'hint', two: 'error' }));
    expect([...merged.rules]).toEqual([
      ['one', 'hint'],
      ['two', 'off'],
    ]);
  });
});
