/** The rules of a document as they are written, one for a line: for lint rules that speak of words. */

import type { TableName } from '../../../src-sim/netfilter/hook';
import { blocksOf } from '../analysis/blocks';
import { type Document, spanInDocument } from '../analysis/document';
import { KnownLine } from '../analysis/known-line';
import { isNotLoaded } from '../analysis/lower-rule';
import { perLine } from '../analysis/per-line';
import { chainNameOf, targetNameOf } from '../analysis/rule-facts';
import { type RuleUses, type Use, usesOf } from '../analysis/rule-uses';
import type { CommandLine, OptionPart, Span, Tree } from '../syntax/tree';
import type { Report } from './define';
import type { Fix, RelatedPlace, Severity, TextEdit } from './finding';

export interface RuleLine {
  readonly table: TableName;
  readonly chain: string;
  /** From 0. */
  readonly number: number;
  readonly line: CommandLine;
  /** Read when somebody asks: most lines of a large file are like others, and have not been parsed. */
  readonly uses: RuleUses;
}

export interface RuleLines {
  readonly all: readonly RuleLine[];
  /** The rule on a line, counted from 0. */
  on(number: number): RuleLine | undefined;
  /** Those that have a match of this name. */
  matching(name: string): readonly RuleLine[];
  /** Those with `-j NAME` or `-g NAME`, whether it is a target or a chain. */
  leadingTo(name: string): readonly RuleLine[];
  /** Those that have a condition of iptables' own: `in-interface`, `source`, `protocol`, … */
  conditioned(option: string): readonly RuleLine[];
  /** Those in which a match has an option of this name: `tcp-flags`, `dport`, … */
  asking(option: string): readonly RuleLine[];
}

const known = new WeakMap<Tree, RuleLines>();

/** Gathered once for a document: most lint rules ask for a few of its lines only. */
export function ruleLines({ tree }: Pick<Document, 'tree'>): RuleLines {
  const earlier = known.get(tree);
  if (earlier) return earlier;
  const lines = gather(tree);
  known.set(tree, lines);
  return lines;
}

function gather(tree: Tree): RuleLines {
  const all: RuleLine[] = [];
  const byMatch = new Map<string, RuleLine[]>();
  const byTarget = new Map<string, RuleLine[]>();
  const byCondition = new Map<string, RuleLine[]>();
  const byOption = new Map<string, RuleLine[]>();
  for (const { table, start, end } of blocksOf(tree).blocks) {
    for (let number = start + 1; table !== undefined && number < end; number++) {
      const line = tree.lines[number];
      const rule = line?.kind === 'command' ? ruleLine(tree, line, table, number) : undefined;
      if (rule === undefined) continue;
      all.push(rule);
      const { matches, conditions, options } = wordsOf(rule.line);
      for (const name of matches) addTo(byMatch, name, rule);
      for (const name of conditions) addTo(byCondition, name, rule);
      for (const name of options) addTo(byOption, name, rule);
      const target = targetNameOf(rule.line);
      if (target !== undefined) addTo(byTarget, target, rule);
    }
  }
  let byNumber: ReadonlyMap<number, RuleLine> | undefined;
  return {
    all,
    on: (number) => {
      byNumber ??= new Map(all.map((rule) => [rule.number, rule]));
      return byNumber.get(number);
    },
    matching: (name) => byMatch.get(name) ?? [],
    leadingTo: (name) => byTarget.get(name) ?? [],
    conditioned: (option) => byCondition.get(option) ?? [],
    asking: (option) => byOption.get(option) ?? [],
  };
}

const HOLDING_RULES: ReadonlySet<string> = new Set(['append', 'insert', 'replace']);

function ruleLine(tree: Tree, line: CommandLine, table: TableName, number: number): RuleLine | undefined {
  const chain = chainNameOf(line);
  if (chain === undefined || !HOLDING_RULES.has(line.command) || isNotLoaded(line, tree.family)) return undefined;
  return new RuleOfLine(table, chain, number, line);
}

/** A class: objects with a getter of their own take ten times the room. */
class RuleOfLine implements RuleLine {
  constructor(
    readonly table: TableName,
    readonly chain: string,
    readonly number: number,
    readonly line: CommandLine,
  ) {}

  get uses(): RuleUses {
    return usesOf(this.line);
  }
}

interface RuleWords {
  readonly matches: ReadonlySet<string>;
  readonly conditions: ReadonlySet<string>;
  /** Of the matches. */
  readonly options: ReadonlySet<string>;
}

/** The same for all lines of a shape. */
function wordsOf(line: CommandLine): RuleWords {
  return ownWords(line instanceof KnownLine ? line.shape.example : line);
}

const ownWords = perLine((line): RuleWords => {
  const { builtin, matches } = usesOf(line);
  return {
    matches: new Set(matches.map(({ name }) => name)),
    conditions: new Set((builtin?.parts ?? []).map(({ option }) => option)),
    options: new Set(matches.flatMap(({ parts }) => parts.map(({ option }) => option))),
  };
});

function addTo(map: Map<string, RuleLine[]>, name: string, rule: RuleLine): void {
  const list = map.get(name);
  if (list) list.push(rule);
  else map.set(name, [rule]);
}

export function lineOf(document: Pick<Document, 'tree'>, number: number): RuleLine | undefined {
  return ruleLines(document).on(number);
}

/** `filter:INPUT (line 4)`: how messages name a line. */
export function placeOf({ table, chain, number }: Pick<RuleLine, 'table' | 'chain' | 'number'>): string {
  return `${table}:${chain} (line ${number + 1})`;
}

/** The match of this name; the first, where there are several. */
export function matchOf({ uses }: RuleLine, name: string): Use | undefined {
  return uses.matches.find((use) => use.name === name);
}

/** The option of a use, by the name that its declaration has. */
export function optionOf(use: Use | undefined, ...names: readonly string[]): OptionPart | undefined {
  return use?.parts.find(({ option }) => names.includes(option));
}

/** A condition of iptables' own: `source`, `in-interface`, `protocol`, … */
export function conditionOf({ uses }: RuleLine, ...names: readonly string[]): OptionPart | undefined {
  return optionOf(uses.builtin, ...names);
}

/** The protocol's number, where `-p` names one and no `!` stands before it. */
export function protocolOf(rule: RuleLine): number | undefined {
  const part = conditionOf(rule, 'protocol');
  return part && part.bang === undefined && typeof part.value === 'number' ? part.value : undefined;
}

/** The target's name as it is written; undefined where the rule has none. */
export function targetName({ line }: RuleLine): string | undefined {
  return targetNameOf(line);
}

/** An option from its `!` to the end of its value, within its line. */
export function optionSpan(part: OptionPart): Span {
  const ends = part.words.map(({ span }) => span.end);
  return { start: (part.bang ?? part.flag).span.start, end: Math.max(part.flag.span.end, ...ends) };
}

/** The value of an option, within its line; the flag where it has none. */
export function valueSpan({ flag, words }: OptionPart): Span {
  const [first] = words;
  const last = words.at(-1);
  return first && last ? { start: first.span.start, end: last.span.end } : flag.span;
}

/** `-m NAME` with all its options, within its line. */
export function useSpan({ loader, parts }: Use): Span {
  const spans = parts.map(optionSpan);
  const own =
    loader === undefined ? [] : [{ start: loader.flag.span.start, end: (loader.name ?? loader.flag).span.end }];
  const all = [...own, ...spans];
  return { start: Math.min(...all.map(({ start }) => start)), end: Math.max(...all.map(({ end }) => end)) };
}

/** From the command to the last word, within the line. */
export function wholeRuleSpan({ line }: RuleLine): Span {
  return { start: line.flag.span.start, end: line.text.trimEnd().length };
}

interface ReportExtras {
  readonly severity?: Severity;
  readonly related?: readonly RelatedPlace[];
  readonly fixes?: readonly (Fix | undefined)[];
}

/** @param span within the rule's line */
export function reportAt(
  document: Document,
  { number }: Pick<RuleLine, 'number'>,
  span: Span,
  message: string,
  { fixes = [], related = [], ...extras }: ReportExtras = {},
): Report {
  const given = fixes.filter((fix) => fix !== undefined);
  return { ...extras, span: spanInDocument(document, number, span), message, related, fixes: given };
}

/** Another place that a finding speaks of. */
export function relatedTo(document: Document, rule: RuleLine, message: string): RelatedPlace {
  return { span: spanInDocument(document, rule.number, wholeRuleSpan(rule)), message };
}

/** @param span within the line */
export function replaceIn(document: Document, number: number, span: Span, text: string): TextEdit {
  return { span: spanInDocument(document, number, span), text };
}

/** Takes words out of a line, with the blanks behind them; at the line's end with those before them. */
export function removeIn(document: Document, number: number, { start, end }: Span): TextEdit {
  const text = document.tree.lines[number]?.text ?? '';
  const behind = /^[ \t]*/.exec(text.slice(end))?.[0].length ?? 0;
  const isLast = /^[ \t]*\r?\n?$/.test(text.slice(end));
  const before = isLast ? (/[ \t]*$/.exec(text.slice(0, start))?.[0].length ?? 0) : 0;
  return replaceIn(document, number, { start: start - before, end: isLast ? end : end + behind }, '');
}

/** Takes a whole line out of the file. */
export function removeLine(document: Document, number: number): TextEdit {
  return replaceIn(document, number, { start: 0, end: document.tree.lines[number]?.text.length ?? 0 }, '');
}

/** Puts lines in the place of one, with its line ending. */
export function replaceLine(document: Document, number: number, lines: readonly string[]): TextEdit {
  const text = document.tree.lines[number]?.text ?? '';
  const ending = /\r?\n$/.exec(text)?.[0] ?? '\n';
  return replaceIn(document, number, { start: 0, end: text.length }, lines.map((line) => `${line}${ending}`).join(''));
}

/** Takes a line from its place and puts it behind a later one; undefined where lines are not appended in their order. */
export function moveLineBehind(document: Document, rule: RuleLine, last: RuleLine): readonly TextEdit[] | undefined {
  if (rule.line.command !== 'append' || last.line.command !== 'append' || !last.line.text.endsWith('\n'))
    return undefined;
  const at = last.line.text.length;
  return [removeLine(document, rule.number), replaceIn(document, last.number, { start: at, end: at }, rule.line.text)];
}
