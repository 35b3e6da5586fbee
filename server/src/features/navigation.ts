/** From a chain's name to where it is made, and to everywhere it is used; a chain belongs to its table alone. */
import { blockAt } from '../analysis/blocks';
import { type Document, sideAt, spanInDocument } from '../analysis/document';
import type { Span } from '../syntax/tree';
import { type ChainUse, chainUses } from './chain-uses';
import { cursorAt } from './cursor';

/** Where the chain under the cursor is declared; without a declaration, its first rule. */
export function definition(document: Document, offset: number): Span | undefined {
  const uses = usesAt(document, offset);
  const place = uses.find(({ kind }) => kind === 'declaration') ?? uses.find(({ kind }) => kind !== 'jump');
  return place && spanInDocument(document, place.lineNumber, place.span);
}

export function references(document: Document, offset: number, withDeclaration: boolean): readonly Span[] {
  return usesAt(document, offset)
    .filter(({ kind }) => withDeclaration || kind !== 'declaration')
    .map(({ lineNumber, span }) => spanInDocument(document, lineNumber, span));
}

/** Where the chain under the cursor stands, and whether it is made there. */
export function highlights(
  document: Document,
  offset: number,
): readonly { readonly span: Span; readonly makes: boolean }[] {
  return usesAt(document, offset).map(({ kind, lineNumber, span }) => ({
    span: spanInDocument(document, lineNumber, span),
    makes: kind === 'declaration',
  }));
}

/** Everywhere the chain under the cursor stands; nothing where it is a target. */
export function usesAt(whole: Document, offset: number): readonly ChainUse[] {
  const document = sideAt(whole, offset);
  const cursor = cursorAt(document, offset);
  if (cursor?.thing.kind !== 'chain' && cursor?.thing.kind !== 'target') return [];
  const block = blockAt(document.tree, cursor.lineNumber);
  if (block === undefined) return [];
  const uses = chainUses(document, block, cursor.thing.name);
  // A word behind -j that no line makes a chain is a target: ACCEPT is everywhere, and nowhere defined.
  return uses.some(({ kind }) => kind !== 'jump') ? uses : [];
}
