/** The conditions `-i` and `-o` of a document's rules, for lint rules that look at names of interfaces. */
import type { Document } from '../analysis/document';
import type { OptionPart } from '../syntax/tree';
import { type RuleLine, ruleLines } from './rule-lines';

export interface InterfaceCondition {
  readonly rule: RuleLine;
  readonly part: OptionPart;
  readonly name: string;
  readonly inverted: boolean;
}

const known = new WeakMap<Document['tree'], readonly InterfaceCondition[]>();

export function interfaceConditions({ tree }: Pick<Document, 'tree'>): readonly InterfaceCondition[] {
  const earlier = known.get(tree);
  if (earlier) return earlier;
  const lines = ruleLines({ tree });
  const rules = new Set([...lines.conditioned('in-interface'), ...lines.conditioned('out-interface')]);
  const found = [...rules].sort((a, b) => a.number - b.number).flatMap(conditionsOf);
  known.set(tree, found);
  return found;
}

function conditionsOf(rule: RuleLine): readonly InterfaceCondition[] {
  return (rule.uses.builtin?.parts ?? []).flatMap((part) => {
    if (part.option !== 'in-interface' && part.option !== 'out-interface') return [];
    return typeof part.value === 'string' ? [{ rule, part, name: part.value, inverted: part.bang !== undefined }] : [];
  });
}

/** What becomes of a rule whose interface is none: with a `!` every packet has another. */
export function fateOfNameless(inverted: boolean): string {
  return inverted ? 'the negation holds for every packet' : 'the rule never matches';
}
