/** Completion of an option's value: what its type lists, and what the file already writes for it. */
import type { OptionDeclaration } from '../../../src-sim/xt/define';
import { type Document, MOST_LINES } from '../analysis/document';
import { KnownLine } from '../analysis/known-line';
import { isOpaque } from '../syntax/opaque';
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
  const { choices, choicesFrom = 0, hasOthers } = part.declaration.type;
  const choosing = choices !== undefined && part.words.length >= choicesFrom;
  const seen = choosing && !hasOthers ? [] : seenValues(document, part, replaces.start).map(seenItem);
  return choosing ? [...seen, ...choiceItems(part, document).filter(({ label }) => !listed.includes(label))] : seen;
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
function seenValues({ chunks }: Document, open: OptionPart, offset: number): readonly string[] {
  const { type } = open.declaration;
  const at = open.words.length;
  const own = chunks.lineAt(offset);
  const values = new Set<string>();
  let number = -1;
  for (const line of chunks) {
    number += 1;
    if (values.size >= MOST_SEEN_VALUES || number >= MOST_LINES) break;
    if (line.kind !== 'command' || number === own) continue;
    for (const part of partsOfType(line, type)) {
      const word = part.words[at];
      if (word && !isOpaque(word)) values.add(line.text.slice(word.span.start, word.span.end));
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
