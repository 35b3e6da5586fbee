/** Marks: where rules ask for them, and where rules set them. */
import type { Json } from '../../../src-sim/netfilter/ruleset';
import { type MarkOptions, xmarkOf } from '../../../src-sim/xt/mark-types';
import type { Document } from '../analysis/document';
import type { OptionPart } from '../syntax/tree';
import { optionOf, type RuleLine, ruleLines } from './rule-lines';

export interface MarkTest {
  readonly rule: RuleLine;
  readonly part: OptionPart;
  readonly of: 'mark' | 'connmark';
  readonly value: number;
  readonly mask: number;
}

export function markTests(document: Pick<Document, 'tree'>): readonly MarkTest[] {
  return (['mark', 'connmark'] as const).flatMap((of) =>
    ruleLines(document)
      .matching(of)
      .flatMap((rule) =>
        rule.uses.matches.filter(({ name }) => name === of).flatMap((use) => test(rule, of, optionOf(use, 'mark'))),
      ),
  );
}

function test(rule: RuleLine, of: MarkTest['of'], part: OptionPart | undefined): readonly MarkTest[] {
  const found = markOf(part?.value);
  return part === undefined || found === undefined ? [] : [{ rule, part, of, ...found }];
}

function markOf(value: Json | undefined): { readonly value: number; readonly mask: number } | undefined {
  if (typeof value !== 'object' || value === null || !('value' in value) || !('mask' in value)) return undefined;
  const { value: bits, mask } = value;
  return typeof bits === 'number' && typeof mask === 'number' ? { value: bits, mask } : undefined;
}

/** The bits that `-j MARK` or `-j CONNMARK` may set; undefined where it sets none by itself. */
export function bitsSetBy({ uses: { target } }: RuleLine): number | undefined {
  const change = target && xmarkOf(target.given as MarkOptions);
  return change && change.value >>> 0;
}
