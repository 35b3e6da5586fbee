/** What stands above a chain: a way into the simulation, and its size at a glance. */
import { type Document, isLong } from '../analysis/document';
import type { Span } from '../syntax/tree';
import { type OutlineNode, outline } from './structure';

export type Lens =
  | { readonly kind: 'trace'; readonly span: Span; readonly title: string; readonly chain: string }
  /** Says something, does nothing. */
  | { readonly kind: 'note'; readonly span: Span; readonly title: string };

export function codeLenses(document: Document): readonly Lens[] {
  // A packet is traced through rules that are there; a script may or may not make them.
  if (document.dialect === 'script') return [];
  const chains = outline(document).flatMap((table) => table.children);
  // Tens of thousands of chains would be twice as many lenses, at every key: a packet comes in by a built-in one.
  const shown = isLong(document) ? chains.filter(({ detail }) => detail !== '') : chains;
  return shown.flatMap(lensesOf);
}

function lensesOf({ name, nameSpan, detail, rules: count }: OutlineNode): readonly Lens[] {
  const rules = count === 1 ? '1 rule' : `${count} rules`;
  return [
    { kind: 'trace', span: nameSpan, title: 'Trace a packet', chain: name },
    { kind: 'note', span: nameSpan, title: detail === '' ? rules : `${rules}, ${detail}` },
  ];
}
