/** Every lint rule there is, in one ordered list: the order of the documents and of the settings. */
import type { LintRule } from './define';
import { ctMatchInRaw } from './rules/ct-match-in-raw';
import { establishedBehindLvsDr } from './rules/established-behind-lvs-dr';
import { lvsDrInvalidDrop } from './rules/lvs-dr-invalid-drop';
import { newWithoutEstablished } from './rules/new-without-established';
import { notrackOneWay } from './rules/notrack-one-way';
import { notrackWithoutUntracked } from './rules/notrack-without-untracked';
import { sshLockout } from './rules/ssh-lockout';
import { suppressionWithoutReason } from './rules/suppression-without-reason';
import { unknownSuppression } from './rules/unknown-suppression';
import { unusedSuppression } from './rules/unused-suppression';

export const LINT_RULES: readonly LintRule[] = [
  newWithoutEstablished,
  notrackWithoutUntracked,
  notrackOneWay,
  establishedBehindLvsDr,
  lvsDrInvalidDrop,
  ctMatchInRaw,
  sshLockout,
  unusedSuppression,
  unknownSuppression,
  suppressionWithoutReason,
];

const BY_CODE: ReadonlyMap<string, LintRule> = new Map(LINT_RULES.map((rule) => [rule.code, rule]));

export function findLintRule(code: string): LintRule | undefined {
  return BY_CODE.get(code);
}
