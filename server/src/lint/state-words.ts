/** The lists of states that rules ask for, as they stand in the text: `--ctstate NEW,ESTABLISHED`, `! --state INVALID`. */

import type { CtState } from '../../../src-sim/conntrack/entry';
import type { MatchUse, Rule } from '../../../src-sim/netfilter/ruleset';
import { type Document, spanInDocument } from '../analysis/document';
import { CT_STATES } from '../analysis/packet-space';
import type { RuleRef } from '../analysis/rule-packets';
import { regionsOf } from '../analysis/rule-packets';
import type { CommandLine, OptionPart, Span } from '../syntax/tree';
import type { TextEdit } from './finding';

const STATE_OPTIONS: readonly string[] = ['ctstate', 'state'];

/** `SNAT` and `DNAT` stand in the same list. */
export type StateWord = CtState | 'SNAT' | 'DNAT';

export interface StateList {
  readonly module: 'conntrack' | 'state';
  readonly words: readonly StateWord[];
  readonly inverted: boolean;
  /** `! --ctstate NEW,ESTABLISHED` */
  readonly span: Span;
  /** `NEW,ESTABLISHED` */
  readonly listSpan: Span;
  /** `-m conntrack --ctstate NEW `, where the match asks for nothing else. */
  readonly matchSpan: Span | undefined;
}

export function stateLists(document: Document, ref: RuleRef): readonly StateList[] {
  if (!ref.rule.matches.some(hasStates)) return [];
  const line = document.tree.lines[ref.rule.line];
  return line?.kind === 'command' ? listsOf(document, ref.rule.line, line) : [];
}

/** States that the list lets through, translations apart. */
export function statesTaken({ words, inverted }: Pick<StateList, 'words' | 'inverted'>): readonly CtState[] {
  return CT_STATES.filter((state) => words.includes(state) !== inverted);
}

export function hasTranslation({ words }: Pick<StateList, 'words'>): boolean {
  return words.includes('SNAT') || words.includes('DNAT');
}

/** States that a rule lets through, as far as it asks for them; undefined where it does not. */
export function statesAskedBy(rule: Rule): readonly CtState[] | undefined {
  const asked = rule.matches
    .filter(hasStates)
    .flatMap((match) =>
      (regionsOf(match) ?? []).flatMap(({ conditions }) =>
        conditions.flatMap((condition) =>
          condition.kind === 'state' ? [{ words: condition.states, inverted: condition.inverted }] : [],
        ),
      ),
    );
  if (asked.length === 0) return undefined;
  return CT_STATES.filter((state) => asked.every((list) => statesTaken(list).includes(state)));
}

/** Nothing else asks for states: most matches need not say what they take. */
function hasStates({ options }: MatchUse): boolean {
  return options.ctstate !== undefined || options.state !== undefined;
}

/** Whether a rule lets only some states through, and this one is among them. */
export function asksFor(rule: Rule, state: CtState): boolean {
  return statesAskedBy(rule)?.includes(state) ?? false;
}

/** Puts states behind those of the list. */
export function addStates({ listSpan }: StateList, states: readonly CtState[]): TextEdit {
  return { span: { start: listSpan.end, end: listSpan.end }, text: `,${states.join(',')}` };
}

/** Takes states out of the list; undefined where none would be left. */
export function removeStates(
  document: Document,
  { listSpan }: StateList,
  states: readonly CtState[],
): TextEdit | undefined {
  const words = document.text.slice(listSpan.start, listSpan.end).split(',');
  const kept = words.filter((word) => !states.some((state) => word !== '' && state.startsWith(word.toUpperCase())));
  return kept.length === 0 || kept.length === words.length ? undefined : { span: listSpan, text: kept.join(',') };
}

function listsOf(document: Document, number: number, line: CommandLine): readonly StateList[] {
  return line.parts
    .filter((part): part is OptionPart => part.kind === 'option' && STATE_OPTIONS.includes(part.option))
    .flatMap((part) => {
      const [word] = part.words;
      if (word === undefined || !Array.isArray(part.value)) return [];
      const at = (start: number, end: number) => spanInDocument(document, number, { start, end });
      return [
        {
          module: part.option === 'state' ? ('state' as const) : ('conntrack' as const),
          words: part.value as readonly StateWord[],
          inverted: part.bang !== undefined,
          span: at((part.bang ?? part.flag).span.start, word.span.end),
          listSpan: at(word.span.start, word.span.end),
          matchSpan: matchSpan(document, number, line, part, word.span.end),
        },
      ];
    });
}

function matchSpan(document: Document, number: number, line: CommandLine, part: OptionPart, end: number) {
  const match = part.owner === undefined ? undefined : line.parts[part.owner];
  const options = line.parts.filter((other) => other.kind === 'option' && other.owner === part.owner);
  if (match?.kind !== 'match' || options.length !== 1) return undefined;
  const gap = /^\s*/.exec(line.text.slice(end))?.[0].length ?? 0;
  return spanInDocument(document, number, { start: match.flag.span.start, end: end + gap });
}
