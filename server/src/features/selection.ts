/** Growing selections: an item of a list, the value, the option, its match with all options, the rule, the table. */
import { blockAt } from '../analysis/blocks';
import { type Document, lineTouching, sideAt, spanInDocument } from '../analysis/document';
import { contentEnd } from '../syntax/parse';
import type { CommandLine, RulePart, Span, Word } from '../syntax/tree';
import { cursorAt } from './cursor';

/** From the smallest to the whole text; each holds the one before it. */
export function selections(whole: Document, offset: number): readonly Span[] {
  const document = sideAt(whole, offset);
  const { tree, text } = document;
  const number = lineTouching(document, offset);
  const line = tree.lines[number];
  const cursor = cursorAt(document, offset);
  const inLine = (span: Span) => spanInDocument(document, number, span);
  const block = blockAt(tree, number);
  const spans = [
    ...(cursor ? [cursor.span] : []),
    ...(line?.kind === 'command' ? spansInCommand(line, offset - (document.lineStarts[number] ?? 0)).map(inLine) : []),
    inLine({ start: 0, end: contentEnd(line?.text ?? '') }),
    ...(block?.header ? [blockSpan(document, block)] : []),
    { start: 0, end: text.length },
  ];
  return growing(spans);
}

/** Each of them holds the one before, and more. */
function growing(spans: readonly Span[]): readonly Span[] {
  const kept: Span[] = [];
  for (const span of spans) {
    const last = kept.at(-1);
    const grows = last === undefined || (span.start <= last.start && last.end <= span.end && !isSame(span, last));
    if (grows) kept.push(span);
  }
  return kept;
}

function isSame(a: Span, b: Span): boolean {
  return a.start === b.start && a.end === b.end;
}

/** The word, its option, what loaded the option with all that belongs to it, the rule behind `-A CHAIN`. */
function spansInCommand(line: CommandLine, offset: number): readonly Span[] {
  const { parts, chain, flag, position } = line;
  const index = parts.findIndex((part) => holds(spanOf(wordsOf(part)), offset));
  const part = parts[index];
  if (part === undefined) return [];
  const word = wordsOf(part).find(({ span }) => holds(span, offset));
  const owner = 'owner' in part && part.owner !== undefined ? part.owner : index;
  const family = parts.filter((other, at) => at === owner || ('owner' in other && other.owner === owner));
  const start = (position ?? chain ?? flag).span.end;
  const rule = {
    start: start + (/^\s*/.exec(line.text.slice(start))?.[0].length ?? 0),
    end: line.text.trimEnd().length,
  };
  return [...(word ? [word.span] : []), spanOf(wordsOf(part)), spanOf(family.flatMap(wordsOf)), rule];
}

function wordsOf(part: RulePart): readonly Word[] {
  if (part.kind === 'unknown') return part.words;
  if (part.kind === 'option') return [...(part.bang ? [part.bang] : []), part.flag, ...part.words];
  if (part.kind === 'general') return [part.flag, ...part.words];
  return part.name ? [part.flag, part.name] : [part.flag];
}

function spanOf(words: readonly Word[]): Span {
  const starts = words.map(({ span }) => span.start);
  const ends = words.map(({ span }) => span.end);
  return { start: Math.min(...starts), end: Math.max(...ends) };
}

function holds({ start, end }: Span, offset: number): boolean {
  return start <= offset && offset <= end;
}

function blockSpan(document: Document, { start, end }: { readonly start: number; readonly end: number }): Span {
  const last = document.tree.lines[end - 1];
  const { start: from } = spanInDocument(document, start, { start: 0, end: 0 });
  return { start: from, end: spanInDocument(document, end - 1, { start: 0, end: contentEnd(last?.text ?? '') }).end };
}
