/** The shape of a ruleset: the outline of tables, chains and rules, and what can be folded. */
import { type Block, blocksOf, linesOf } from '../analysis/blocks';
import { type Document, isLong, spanInDocument } from '../analysis/document';
import { contentEnd } from '../syntax/parse';
import type { CommandLine, Line, Span, Word } from '../syntax/tree';

export interface OutlineNode {
  readonly kind: 'table' | 'chain' | 'rule';
  readonly name: string;
  readonly detail: string;
  /** All of it, in offsets; that of a chain reaches from its declaration to the last of its rules. */
  readonly span: Span;
  /** Where its name stands, within `span`. */
  readonly nameSpan: Span;
  readonly children: readonly OutlineNode[];
  /** Of a chain: how many rules it has. In a long file they are not among the children. */
  readonly rules: number;
}

/** Tables with their chains, and in each chain its rules, wherever in the table they stand. */
export function outline(document: Document): readonly OutlineNode[] {
  return blocksOf(document.tree).blocks.map((block) => tableNode(document, block));
}

/** Spans that fold: a table from its `*NAME` line to its end. */
export function foldingSpans(document: Document): readonly Span[] {
  return blocksOf(document.tree)
    .blocks.filter(({ header, start, end }) => header !== undefined && end > start + 1)
    .map((block) => blockSpan(document, block));
}

function blockSpan(document: Document, { start, end }: Block): Span {
  return { start: lineSpan(document, start).start, end: lineSpan(document, end - 1).end };
}

function tableNode(document: Document, block: Block): OutlineNode {
  const { header, start, name = '*' } = block;
  return {
    kind: 'table',
    name: shownName(name),
    detail: '',
    span: blockSpan(document, block),
    nameSpan: wordSpan(document, start, header?.name),
    children: chainNodes(document, block),
    rules: 0,
  };
}

interface ChainParts {
  readonly lineNumber: number;
  /** The name, in `:NAME` or in the first rule of a chain that no line declares. */
  readonly name: Word;
  readonly policy: string | undefined;
  /** Numbers of their lines. */
  readonly rules: number[];
}

function chainNodes(document: Document, block: Block): readonly OutlineNode[] {
  const chains = new Map<string, ChainParts>();
  for (const lineNumber of linesOf(block)) {
    const line = document.tree.lines[lineNumber];
    const name = line?.kind === 'chain' ? line.name : line?.kind === 'command' ? line.chain : undefined;
    if (line === undefined || name === undefined) continue;
    const chain = chains.get(name.value) ?? { lineNumber, name, policy: policyOf(line), rules: [] };
    chains.set(name.value, chain);
    if (line.kind === 'command' && isRule(line)) {
      chain.rules.push(lineNumber);
    }
  }
  return [...chains.values()].map((chain) => chainNode(document, chain));
}

function isRule({ command }: CommandLine): boolean {
  return command === 'append' || command === 'insert';
}

/** What `:INPUT DROP` and `-P INPUT DROP` say. */
function policyOf(line: Line): string | undefined {
  if (line.kind === 'chain') return line.policy?.value;
  return line.kind === 'command' && line.command === 'policy' ? line.argument?.value : undefined;
}

function chainNode(document: Document, { lineNumber, name, policy = '-', rules }: ChainParts): OutlineNode {
  const own = lineSpan(document, lineNumber);
  const last = rules.at(-1);
  return {
    kind: 'chain',
    name: shownName(name.value),
    detail: policy === '-' ? '' : `policy ${policy}`,
    span: { start: own.start, end: Math.max(own.end, last === undefined ? 0 : lineSpan(document, last).end) },
    nameSpan: wordSpan(document, lineNumber, name),
    children: isLong(document) ? [] : rules.flatMap((rule) => ruleNode(document, rule)),
    rules: rules.length,
  };
}

/** `-A ""` names a chain with nothing, and an outline refuses what has no name. */
function shownName(name: string): string {
  return name.trim() === '' ? '""' : name;
}

const LONGEST_NAME = 100;

/** A rule is called by its own words: what an editor finds it by. */
function ruleNode(document: Document, lineNumber: number): readonly OutlineNode[] {
  const line = document.tree.lines[lineNumber];
  if (line?.kind !== 'command') return [];
  const span = lineSpan(document, lineNumber);
  const start = line.chain?.span.end ?? line.flag.span.end;
  const text = line.text.slice(start, start + LONGEST_NAME).trim();
  const name = text === '' ? line.flag.value : text;
  return [{ kind: 'rule', name, detail: '', span, nameSpan: span, children: [], rules: 0 }];
}

function wordSpan(document: Document, lineNumber: number, word: Word | undefined): Span {
  return word ? spanInDocument(document, lineNumber, word.span) : lineSpan(document, lineNumber);
}

/** A line without its ending. */
function lineSpan(document: Document, lineNumber: number): Span {
  const text = document.tree.lines[lineNumber]?.text ?? '';
  return spanInDocument(document, lineNumber, { start: 0, end: contentEnd(text) });
}
