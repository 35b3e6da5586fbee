/** What the thing under the cursor is, in Markdown. */
import { serviceName } from '../../../src-sim/net/service';
import type { Choice } from '../../../src-sim/xt/define';
import { type Document, sideAt } from '../analysis/document';
import { findHintKey } from '../analysis/hint-keys';
import { GENERAL_OPTIONS, LOADERS } from '../syntax/commands';
import type { OptionPart, Span } from '../syntax/tree';
import { type Cursor, cursorAt } from './cursor';
import { describeChain, describePolicy, describeTable } from './hover-chain';
import { describeCommand, describeCounters } from './hover-line';
import { describeEntryOf, describeState } from './hover-state';
import { code, describeExtension, describeOption, describeOptionBriefly, paragraphs } from './markdown';
import { findStateWord } from './state-words';

export interface Hover {
  readonly markdown: string;
  readonly span: Span;
}

export function hover(whole: Document, offset: number): Hover | undefined {
  const document = sideAt(whole, offset);
  const cursor = cursorAt(document, offset);
  const markdown = cursor && describe(document, cursor);
  return cursor && markdown ? { markdown, span: cursor.span } : undefined;
}

function describe(document: Document, cursor: Cursor): string | undefined {
  const { thing, table } = cursor;
  switch (thing.kind) {
    case 'table':
      return describeTable(thing.name);
    case 'chain':
      return describeChain(document, cursor, thing.name);
    case 'policy':
      return describePolicy(thing.chain, thing.policy);
    case 'counters':
      return describeCounters(thing.of, thing.counters);
    case 'command':
      return describeCommand(thing.line);
    case 'match':
      return thing.part.extension ? describeExtension(thing.part.extension) : describeUnknown('match', thing.name);
    case 'target':
      return describeTarget(document, cursor, thing.name);
    case 'flag':
      return describeFlag(thing.word.value);
    case 'option':
      return describeOption(thing.part.extension, thing.part.option, thing.part.declaration);
    case 'value':
      return describeValue(thing.part, thing.text, table);
    case 'commit':
      return COMMIT;
    case 'hint':
      return describeHint(thing.key);
  }
}

const COMMIT = [
  '`COMMIT` — hands the table to the kernel, all of it at once.',
  'A table is applied whole or not at all; tables before it stay applied where a later one is refused.',
].join(' ');

function describeHint(key: string): string | undefined {
  const declared = findHintKey(key);
  return declared && paragraphs(`${code(`${key}=`)} — says of the host what a ruleset cannot`, declared.summary);
}

/** A chain of the table goes before a target of the same name, as iptables takes it. */
function describeTarget(document: Document, cursor: Cursor, name: string): string {
  const { thing } = cursor;
  const chain = describeChain(document, cursor, name);
  if (chain !== undefined) return chain;
  const extension = thing.kind === 'target' ? thing.part.extension : undefined;
  if (extension === undefined) return describeUnknown('target', name);
  // A target with the name of a state makes the flows that are in that state.
  const state = findStateWord(name);
  if (state === undefined) return describeExtension(extension);
  return paragraphs(describeExtension(extension), '**The flow in the conntrack table**', describeEntryOf(state));
}

function describeUnknown(kind: 'match' | 'target', name: string): string {
  return `${code(name)} — a ${kind} that is not known here: what it does is left open.`;
}

function describeFlag(flag: string): string | undefined {
  const name = flag.replace(/^--?/, '');
  const declared = [...LOADERS, ...GENERAL_OPTIONS].find((one) => one.short === name || longName(one) === name);
  return declared && paragraphs(`${code(`-${declared.short}`)}, ${code(`--${longName(declared)}`)}`, declared.summary);
}

function longName(declared: (typeof LOADERS)[number] | (typeof GENERAL_OPTIONS)[number]): string {
  return declared.kind === 'general' ? declared.name : declared.long;
}

function describeValue(part: OptionPart, text: string, table: string | undefined): string {
  const choice = findChoice(part, text);
  const state = choice && findStateWord(choice.text);
  if (state !== undefined) return describeState(state, table);
  if (choice === undefined) {
    const service = part.declaration.type.hasOthers && /^\d+$/.test(text) ? serviceName(Number(text)) : undefined;
    const described = describeOption(part.extension, part.option, part.declaration);
    return service === undefined ? described : paragraphs(`${code(text)} — ${service}`, '---', described);
  }
  return paragraphs(
    `${code(choice.text)} — ${choice.summary}`,
    '---',
    describeOptionBriefly(part.extension, part.option, part.declaration),
  );
}

/** Extensions take words in any case, and some take the beginning of one. */
function findChoice({ declaration }: OptionPart, text: string): Choice | undefined {
  const choices = declaration.type.choices ?? [];
  const word = text.toLowerCase();
  return (
    choices.find((choice) => choice.text.toLowerCase() === word) ??
    choices.find((choice) => word !== '' && choice.text.toLowerCase().startsWith(word))
  );
}
