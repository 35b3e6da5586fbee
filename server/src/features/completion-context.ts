/**
 * What may stand at the cursor, as data. The words before the cursor are read by the parser itself, as a line that
 * ends there: what it leaves open is what is wanted next.
 */
import type { Family } from '../../../src-sim/net/address';
import { type Document, lineTouching } from '../analysis/document';
import { unfinishedCommand } from '../syntax/dialect/script-cursor';
import { commandLine, contentEnd, parseLine } from '../syntax/parse';
import { readCounters } from '../syntax/read-counters';
import { splitWords } from '../syntax/token';
import type { CommandLine, OptionPart, Span, Word } from '../syntax/tree';
import { tableOfLine } from './cursor';

export type Wanted =
  /** The first word of a line. */
  | { readonly kind: 'line' }
  | { readonly kind: 'table' }
  /** The name in `:NAME`. */
  | { readonly kind: 'chain-declaration' }
  | { readonly kind: 'policy'; readonly chain: string }
  /** The chain that a command is about. */
  | { readonly kind: 'chain'; readonly line: CommandLine }
  | { readonly kind: 'match'; readonly line: CommandLine }
  | { readonly kind: 'target'; readonly line: CommandLine; readonly goto: boolean }
  | { readonly kind: 'option'; readonly line: CommandLine; readonly negated: boolean }
  /** A word of an option's value; `listed` are the items of a comma list that stand before the cursor. */
  | {
      readonly kind: 'value';
      readonly line: CommandLine;
      readonly part: OptionPart;
      readonly listed: readonly string[];
    }
  /** A word of a `# chainwalk:` comment. */
  | { readonly kind: 'hint' }
  /** The first word of a comment that speaks to Chainwalk. */
  | { readonly kind: 'comment-word' }
  /** A rule that a comment silences; `named` are those before it. */
  | { readonly kind: 'suppressed'; readonly named: readonly string[] };

export interface CompletionContext {
  readonly wanted: Wanted;
  /** The table whose block the line stands in. */
  readonly table: string | undefined;
  /** The words of the command that stand before the one being written. */
  readonly words?: readonly Word[];
  /** What is written of the word so far. */
  readonly written: string;
  /** What a completion replaces, in offsets: `written`, up to the cursor. */
  readonly replaces: Span;
}

export function completionContext(document: Document, offset: number): CompletionContext | undefined {
  const lineNumber = lineTouching(document, offset);
  const line = document.chunks.at(lineNumber);
  const text = line?.text ?? '';
  const before = text.slice(0, Math.min(offset - document.chunks.startOf(lineNumber), contentEnd(text)));
  const { family, dress } = document.tree;
  const inScript = dress === 'script' && line?.kind !== 'comment';
  if (inScript && line?.kind !== 'command' && line?.kind !== 'unknown') return undefined;
  const found = inScript ? contextInScript(before, family) : contextOfText(before, family, dress === 'listing');
  if (found === undefined) return undefined;
  const { written, table } = found;
  const replaces = { start: offset - written.length, end: offset };
  return { ...found, replaces, table: table ?? tableOfLine(document, lineNumber) };
}

/** The words of a command in a script are those that the shell hands over. */
function contextInScript(before: string, family: Family): Found | undefined {
  const unfinished = unfinishedCommand(before);
  if (unfinished === undefined) return undefined;
  const { words } = unfinished;
  const table = tableIn(words);
  const withValue = /^(--[\w-]+=)(.*)$/.exec(unfinished.written);
  const written = withValue ? (withValue[2] ?? '') : unfinished.written;
  if (words.at(-1)?.value === '-t' || words.at(-1)?.value === '--table')
    return { wanted: { kind: 'table' }, written, table };
  const flag = withValue && { span: { start: 0, end: 0 }, value: (withValue[1] ?? '').slice(0, -1) };
  const read = flag ? [...words, flag] : words;
  const first = words[0] ?? { span: { start: 0, end: 0 }, value: '' };
  const line = commandLine(before, read, { family, first, problems: [], onCommandLine: true });
  if (line.kind !== 'command') return { wanted: { kind: 'line' }, written, table };
  return { ...openPlace(line, written, words.at(-1)?.value === '!'), words: read, table };
}

/** The table that the words name; filter where they name none. */
function tableIn(words: readonly Word[]): string {
  const at = words.findIndex(({ value }) => value === '-t' || value === '--table');
  return (at === -1 ? undefined : words[at + 1]?.value) ?? 'filter';
}

interface Found {
  readonly wanted: Wanted;
  readonly written: string;
  readonly words?: readonly Word[];
  /** Where the words themselves say it. */
  readonly table?: string;
}

/** @param before the line up to the cursor */
function contextOfText(before: string, family: Family, onCommandLine: boolean): Found | undefined {
  const first = before.charAt(0);
  if (first === '#') return commentContext(before);
  if (first === '*') return /\s/.test(before) ? undefined : { wanted: { kind: 'table' }, written: before.slice(1) };
  if (first === ':') return declarationContext(before);
  return ruleContext(before, family, onCommandLine);
}

function commentContext(before: string): Found | undefined {
  const hint = /^#\s*chainwalk:(?:.*\s)?(\S*)$/.exec(before);
  if (hint) return { wanted: { kind: 'hint' }, written: hint[1] ?? '' };
  const first = /^#\s*(c[\w-]*)$/.exec(before);
  if (first) return { wanted: { kind: 'comment-word' }, written: first[1] ?? '' };
  const list = /^#\s*chainwalk-[a-z-]+\s+((?:[\w-]+\s*,\s*)*)([\w-]*)$/.exec(before);
  if (list === null || list[2] === '--') return undefined;
  const named = (list[1] ?? '').split(/[\s,]+/).filter((name) => name !== '');
  return { wanted: { kind: 'suppressed', named }, written: list[2] ?? '' };
}

function declarationContext(before: string): Found | undefined {
  const [chain = '', written, ...more] = before.slice(1).split(/[ \t]+/);
  if (more.length > 0) return undefined;
  if (written !== undefined) return { wanted: { kind: 'policy', chain }, written };
  return { wanted: { kind: 'chain-declaration' }, written: chain };
}

function ruleContext(before: string, family: Family, onCommandLine: boolean): Found | undefined {
  if (splitWords(before, 0, before.length).openQuote !== undefined) return undefined;
  const word = /\S*$/.exec(before)?.[0] ?? '';
  const withValue = /^(--[\w-]+=)(.*)$/.exec(word);
  const written = withValue ? (withValue[2] ?? '') : word;
  const left = before.slice(0, before.length - written.length);
  if (/^\s*(?:\[\S*\s+)?$/.test(left)) return { wanted: { kind: 'line' }, written };
  const read = withValue ? `${left.slice(0, -1)} ` : left;
  const line = parseLine(read, family, onCommandLine);
  if (line.kind !== 'command') return undefined;
  const { words } = splitWords(read, readCounters(read, 0, read.length).end, read.length);
  return { ...openPlace(line, written, /(?:^|\s)!\s+$/.test(read)), words };
}

/** What the command line, read up to the word being written, still wants. */
function openPlace(line: CommandLine, written: string, negated: boolean): Found {
  if (line.chain === undefined) return { wanted: { kind: 'chain', line }, written };
  if (line.command === 'policy') return { wanted: { kind: 'policy', chain: line.chain.value }, written };
  const last = line.parts.at(-1);
  if (last?.kind === 'match' && last.name === undefined) return { wanted: { kind: 'match', line }, written };
  if ((last?.kind === 'jump' || last?.kind === 'goto') && last.name === undefined) {
    return { wanted: { kind: 'target', line, goto: last.kind === 'goto' }, written };
  }
  if (last?.kind === 'option' && last.words.length < last.declaration.type.words) {
    return valuePlace(line, last, written);
  }
  return { wanted: { kind: 'option', line, negated }, written };
}

/** Behind a comma only the item being written is replaced. */
function valuePlace(line: CommandLine, part: OptionPart, written: string): Found {
  const items = written.split(',');
  const item = items.pop() ?? '';
  return { wanted: { kind: 'value', line, part, listed: items }, written: item };
}
