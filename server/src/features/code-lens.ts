/** What stands above a chain: a way into the simulation, and its size at a glance. */
import type { Document } from '../analysis/document';
import type { Span } from '../syntax/tree';
import { type OutlineNode, outline } from './structure';

export type Lens =
  | { readonly kind: 'trace'; readonly span: Span; readonly title: string; readonly chain: string }
  /** Says something, does nothing. */
  | { readonly kind: 'note'; readonly span: Span; readonly title: string };

export function codeLenses(document: Document): readonly Lens[] {
  // A packet is traced through rules that are there; a script may or may not make them.
  if (document.dialect === 'script') return [];
  return outline(document).flatMap((table) => table.children.flatMap((chain) => lensesOf(chain)));
}

function lensesOf({ name, nameSpan, detail, children }: OutlineNode): readonly Lens[] {
  const rules = children.length === 1 ? '1 rule' : `${children.length} rules`;
  return [
    { kind: 'trace', span: nameSpan, title: 'Trace a packet', chain: name },
    { kind: 'note', span: nameSpan, title: detail === '' ? rules : `${rules}, ${detail}` },
  ];
}
