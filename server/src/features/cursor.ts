/** What stands at an offset of a ruleset: hover, navigation and renaming begin here. */
import { tableNameAt } from '../analysis/block-names';
import { blockAt } from '../analysis/blocks';
import { type Document, lineTouching, spanInDocument } from '../analysis/document';
import type {
  ChainLine,
  CommandLine,
  CountersNode,
  Line,
  MatchPart,
  OptionPart,
  RulePart,
  Span,
  TargetPart,
  Word,
} from '../syntax/tree';

export type Thing =
  | { readonly kind: 'table'; readonly name: string }
  | { readonly kind: 'chain'; readonly name: string }
  | { readonly kind: 'policy'; readonly chain: string; readonly policy: string }
  | { readonly kind: 'counters'; readonly of: 'chain' | 'rule'; readonly counters: CountersNode }
  | { readonly kind: 'command'; readonly line: CommandLine }
  | { readonly kind: 'match'; readonly part: MatchPart; readonly name: string }
  /** The word behind `-j` or `-g`: a target, or a chain. */
  | { readonly kind: 'target'; readonly part: TargetPart; readonly name: string }
  /** `-m`, `-j`, `-g` itself, or a general option. */
  | { readonly kind: 'flag'; readonly part: RulePart; readonly word: Word }
  | { readonly kind: 'option'; readonly part: OptionPart }
  /** One item of an option's value: `NEW` of `NEW,ESTABLISHED`. */
  | { readonly kind: 'value'; readonly part: OptionPart; readonly text: string }
  | { readonly kind: 'commit' }
  /** A word of a `# chainwalk:` comment. */
  | { readonly kind: 'hint'; readonly key: string };

export interface Cursor {
  readonly thing: Thing;
  /** Offsets in the document. */
  readonly span: Span;
  readonly lineNumber: number;
  /** The table whose block the line stands in, as the file names it. */
  readonly table: string | undefined;
}

export function cursorAt(document: Document, offset: number): Cursor | undefined {
  const lineNumber = lineTouching(document, offset);
  const line = document.chunks.at(lineNumber);
  const lineStart = document.chunks.startOf(lineNumber);
  const found = line && thingInLine(line, offset - lineStart);
  if (found === undefined) return undefined;
  const span = spanInDocument(document, lineNumber, found.span);
  return { thing: found.thing, span, lineNumber, table: tableOfLine(document, lineNumber) };
}

/** The table, as the file names it, in whose block a line stands. */
export function tableOfLine(document: Document, lineNumber: number): string | undefined {
  if (document.dialect === 'restore') return tableNameAt(document.chunks, lineNumber);
  return blockAt(document.tree, lineNumber)?.name;
}

export function isTargetPart(part: RulePart): part is TargetPart {
  return part.kind === 'jump' || part.kind === 'goto';
}

interface Found {
  readonly thing: Thing;
  readonly span: Span;
}

function thingInLine(line: Line, offset: number): Found | undefined {
  switch (line.kind) {
    case 'table':
      return line.name && at(offset, line.name.span, { kind: 'table', name: line.name.value });
    case 'chain':
      return thingInChainLine(line, offset);
    case 'command':
      return thingInCommand(line, offset) ?? firstOf(line.parts, (part) => thingInPart(line, part, offset));
    case 'commit':
      return at(offset, line.word.span, { kind: 'commit' });
    case 'comment':
      return thingInComment(line.text, offset);
    default:
      return undefined;
  }
}

function thingInComment(text: string, offset: number): Found | undefined {
  const marker = /^#\s*chainwalk:/.exec(text);
  if (marker === null) return undefined;
  return firstOf([...text.matchAll(/([\w-]+)=\S*/g)], ({ index, 0: word, 1: key = '' }) =>
    at(offset, { start: index, end: index + word.length }, { kind: 'hint', key }),
  );
}

function thingInChainLine({ name, policy, counters }: ChainLine, offset: number): Found | undefined {
  const chain = name?.value ?? '';
  return (
    (name && at(offset, name.span, { kind: 'chain', name: chain })) ??
    (policy && at(offset, policy.span, { kind: 'policy', chain, policy: policy.value })) ??
    (counters && at(offset, counters.span, { kind: 'counters', of: 'chain', counters }))
  );
}

function thingInCommand(line: CommandLine, offset: number): Found | undefined {
  const { counters, flag, chain, argument, command } = line;
  const name = chain?.value ?? '';
  return (
    (counters && at(offset, counters.span, { kind: 'counters', of: 'rule', counters })) ??
    at(offset, flag.span, { kind: 'command', line }) ??
    (chain && at(offset, chain.span, { kind: 'chain', name })) ??
    (argument && command === 'policy'
      ? at(offset, argument.span, { kind: 'policy', chain: name, policy: argument.value })
      : undefined)
  );
}

function thingInPart(line: CommandLine, part: RulePart, offset: number): Found | undefined {
  switch (part.kind) {
    case 'match':
      return named(part, offset, (name) => ({ kind: 'match', part, name }));
    case 'jump':
    case 'goto':
      return named(part, offset, (name) => ({ kind: 'target', part, name }));
    case 'option':
      return thingInOption(line, part, offset);
    case 'general':
      return at(offset, part.flag.span, { kind: 'flag', part, word: part.flag });
    default:
      return undefined;
  }
}

function named(part: MatchPart | TargetPart, offset: number, thing: (name: string) => Thing): Found | undefined {
  const { flag, name } = part;
  return (
    at(offset, flag.span, { kind: 'flag', part, word: flag }) ?? (name && at(offset, name.span, thing(name.value)))
  );
}

function thingInOption(line: CommandLine, part: OptionPart, offset: number): Found | undefined {
  const whole = part.bang ? { start: part.bang.span.start, end: part.flag.span.end } : part.flag.span;
  return (
    at(offset, whole, { kind: 'option', part }) ??
    firstOf(part.words, (word) => {
      if (!covers(word.span, offset)) return undefined;
      const span = itemAround(line.text, word.span, offset);
      return { span, thing: { kind: 'value', part, text: line.text.slice(span.start, span.end) } };
    })
  );
}

/** The item of a comma list that stands at `offset` of the line. */
function itemAround(text: string, { start, end }: Span, offset: number): Span {
  if (text[start] === '"') return { start, end };
  const before = text.lastIndexOf(',', offset - 1);
  const after = text.indexOf(',', offset);
  return { start: Math.max(start, before + 1), end: after === -1 ? end : Math.min(end, after) };
}

function at(offset: number, span: Span, thing: Thing): Found | undefined {
  return covers(span, offset) ? { thing, span } : undefined;
}

/** Both ends count: an editor's cursor stands between characters, and between two words there is a blank. */
function covers({ start, end }: Span, offset: number): boolean {
  return start <= offset && offset <= end;
}

function firstOf<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
