/** Completion of an option's value: what its type lists, and what the file already writes for it. */
import type { OptionDeclaration } from '../../../src-sim/xt/define';
import { type Document, MOST_LINES } from '../analysis/document';
import { KnownLine } from '../analysis/known-line';
import type { CommandLine, OptionPart, RulePart } from '../syntax/tree';
import type { Completion } from './completion';
import type { CompletionContext, Wanted } from './completion-context';
import { describeState } from './hover-state';
import { findStateWord } from './state-words';

/** A ruleset made by a machine may hold thousands of addresses. */
const MOST_SEEN_VALUES = 100;

export function completeValue(
  document: Document,
  { replaces }: CompletionContext,
  { part, listed }: Extract<Wanted, { readonly kind: 'value' }>,
): readonly Completion[] {
  if (part.declaration.type.choices === undefined) return seenValues(document, part, replaces.start).map(seenItem);
  return choiceItems(part, document).filter(({ label }) => !listed.includes(label));
}

function choiceItems({ declaration, option }: OptionPart, { tree }: Document): readonly Completion[] {
  return (declaration.type.choices ?? [])
    .filter(({ families }) => families === undefined || families.includes(tree.family))
    .map(({ text, summary }) => {
      const state = findStateWord(text);
      const documentation = state === undefined ? summary : describeState(state, undefined);
      return { kind: 'value', label: text, detail: state === undefined ? `--${option}` : summary, documentation };
    });
}

/** What other lines give to options of the same type: interfaces beside `-i`, whichever option named them. */
function seenValues({ chunks }: Document, { declaration: { type } }: OptionPart, offset: number): readonly string[] {
  const own = chunks.lineAt(offset);
  const values = new Set<string>();
  let number = -1;
  for (const line of chunks) {
    number += 1;
    if (values.size >= MOST_SEEN_VALUES || number >= MOST_LINES) break;
    if (line.kind !== 'command' || number === own) continue;
    for (const part of partsOfType(line, type)) {
      values.add(part.words.map(({ span }) => line.text.slice(span.start, span.end)).join(' '));
    }
  }
  return [...values].filter((value) => value !== '');
}

function partsOfType(line: CommandLine, type: OptionDeclaration['type']): readonly OptionPart[] {
  const ofType = (part: RulePart): part is OptionPart => part.kind === 'option' && part.declaration.type === type;
  if (line instanceof KnownLine) {
    if (!line.shape.example.parts.some(ofType)) return [];
    return line.read().parts.filter(ofType);
  }
  return line.parts.filter(ofType).filter(({ value }) => value !== undefined);
}

function seenItem(value: string): Completion {
  return { kind: 'value', label: value, detail: 'in this file', documentation: '' };
}
