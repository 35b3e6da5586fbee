/** The lists of `-m recent`, and what rules do with them. */
import type { Document } from '../analysis/document';
import type { Use } from '../analysis/rule-uses';
import { optionOf, type RuleLine, ruleLines } from './rule-lines';

export interface ListUse {
  readonly rule: RuleLine;
  readonly use: Use;
  readonly list: string;
  /** `--name` stands there. */
  readonly isNamed: boolean;
  readonly kind: 'set' | 'rcheck' | 'update' | 'remove' | undefined;
}

const KINDS = ['set', 'rcheck', 'update', 'remove'] as const;

export function listUses(document: Pick<Document, 'tree'>): readonly ListUse[] {
  return ruleLines(document)
    .matching('recent')
    .flatMap((rule) => rule.uses.matches.filter(({ name }) => name === 'recent').map((use) => listUse(rule, use)));
}

function listUse(rule: RuleLine, use: Use): ListUse {
  const name = optionOf(use, 'name')?.value;
  const kind = KINDS.find((one) => optionOf(use, one) !== undefined);
  return { rule, use, list: typeof name === 'string' ? name : 'DEFAULT', isNamed: name !== undefined, kind };
}
