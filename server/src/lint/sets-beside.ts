/** The ipsets of a file beside the ruleset, and the rules that look into them. */
import type { IpSets } from '../../../src-sim/host/ipset';
import { readIpsets } from '../../../src-sim/host/ipset-save';
import type { Json } from '../../../src-sim/netfilter/ruleset';
import type { Document } from '../analysis/document';
import type { OptionPart } from '../syntax/tree';
import type { LintContext } from './define';
import { optionOf, type RuleLine, ruleLines } from './rule-lines';

export interface SetLookup {
  readonly rule: RuleLine;
  readonly part: OptionPart;
  readonly set: string;
  readonly directions: readonly Json[];
}

/** Undefined where nothing is beside it, or what is cannot be read. */
export function setsBeside({ beside, hints }: Pick<LintContext, 'beside' | 'hints'>): IpSets | undefined {
  const text = beside.ipsets ?? hints.host.ipsets;
  if (text === undefined) return undefined;
  try {
    return readIpsets(text);
  } catch {
    return undefined;
  }
}

export function setLookups(document: Pick<Document, 'tree'>): readonly SetLookup[] {
  return ruleLines(document)
    .matching('set')
    .flatMap((rule) =>
      rule.uses.matches.flatMap((use) => {
        const part = use.name === 'set' ? optionOf(use, 'match-set') : undefined;
        const { value } = part ?? {};
        if (part === undefined || typeof value !== 'object' || value === null || !('set' in value)) return [];
        const directions = 'directions' in value && Array.isArray(value.directions) ? value.directions : [];
        return [{ rule, part, set: String(value.set), directions }];
      }),
    );
}
