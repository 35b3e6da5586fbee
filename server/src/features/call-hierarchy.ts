/** Who jumps to a chain, and where its own rules jump. A chain belongs to its table alone. */
import { type Block, blockAt, linesOf } from '../analysis/blocks';
import { type Document, sideAt, spanInDocument } from '../analysis/document';
import { contentEnd } from '../syntax/parse';
import type { Span } from '../syntax/tree';
import { chainUses } from './chain-uses';
import { cursorAt, isTargetPart } from './cursor';

export interface ChainItem {
  readonly name: string;
  readonly table: string;
  /** The line that declares it, or its first rule. */
  readonly span: Span;
  readonly nameSpan: Span;
}

export interface ChainCall {
  readonly chain: ChainItem;
  /** The words behind `-j` and `-g`. */
  readonly spans: readonly Span[];
}

export function chainAt(whole: Document, offset: number): ChainItem | undefined {
  const document = sideAt(whole, offset);
  const cursor = cursorAt(document, offset);
  if (cursor?.thing.kind !== 'chain' && cursor?.thing.kind !== 'target') return undefined;
  const block = blockAt(document.tree, cursor.lineNumber);
  return block && chainItem(document, block, cursor.thing.name);
}

/** @param offset a place where the chain's name stands */
export function callersOf(whole: Document, offset: number): readonly ChainCall[] {
  const document = sideAt(whole, offset);
  const here = placeOf(document, offset);
  if (here === undefined) return [];
  const jumps = chainUses(document, here.block, here.name).filter(({ kind }) => kind === 'jump');
  const callers = new Map<string, Span[]>();
  for (const { from = '', lineNumber, span } of jumps) {
    const own = spanInDocument(document, lineNumber, span);
    callers.set(from, [...(callers.get(from) ?? []), own]);
  }
  return callsOf(document, here.block, callers);
}

export function callsFrom(whole: Document, offset: number): readonly ChainCall[] {
  const document = sideAt(whole, offset);
  const here = placeOf(document, offset);
  if (here === undefined) return [];
  const called = new Map<string, Span[]>();
  for (const number of linesOf(here.block)) {
    const line = document.tree.lines[number];
    if (line?.kind !== 'command' || line.chain?.value !== here.name) continue;
    for (const part of line.parts) {
      const word = isTargetPart(part) ? part.name : undefined;
      if (word)
        called.set(word.value, [...(called.get(word.value) ?? []), spanInDocument(document, number, word.span)]);
    }
  }
  return callsOf(document, here.block, called);
}

function placeOf(document: Document, offset: number): { readonly block: Block; readonly name: string } | undefined {
  const cursor = cursorAt(document, offset);
  if (cursor?.thing.kind !== 'chain' && cursor?.thing.kind !== 'target') return undefined;
  const block = blockAt(document.tree, cursor.lineNumber);
  return block && { block, name: cursor.thing.name };
}

function callsOf(document: Document, block: Block, names: ReadonlyMap<string, readonly Span[]>): readonly ChainCall[] {
  return [...names].flatMap(([name, spans]) => {
    const chain = chainItem(document, block, name);
    return chain ? [{ chain, spans }] : [];
  });
}

/** Undefined for a target, which no line makes a chain. */
function chainItem(document: Document, block: Block, name: string): ChainItem | undefined {
  const uses = chainUses(document, block, name);
  const place = uses.find(({ kind }) => kind === 'declaration') ?? uses.find(({ kind }) => kind !== 'jump');
  if (place === undefined) return undefined;
  const { lineNumber, span } = place;
  const text = document.tree.lines[lineNumber]?.text ?? '';
  return {
    name,
    table: block.name ?? '',
    span: spanInDocument(document, lineNumber, { start: 0, end: contentEnd(text) }),
    nameSpan: spanInDocument(document, lineNumber, span),
  };
}
