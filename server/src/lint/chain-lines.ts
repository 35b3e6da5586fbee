/** Where the text declares chains. */
import type { TableName } from '../../../src-sim/netfilter/hook';
import type { Document } from '../analysis/document';
import type { Span } from '../syntax/tree';
import { lineSpan } from './places';

const spansOf = new WeakMap<Document, ReadonlyMap<string, Span>>();

/** The line `:own - [0:0]`; undefined where the chain is made in another way. */
export function chainSpan(document: Document, table: TableName, chain: string): Span | undefined {
  const spans = spansOf.get(document) ?? declarations(document);
  spansOf.set(document, spans);
  return spans.get(`${table} ${chain}`);
}

function declarations(document: Document): ReadonlyMap<string, Span> {
  const spans = new Map<string, Span>();
  let table = '';
  for (const [number, line] of document.tree.lines.entries()) {
    if (line.kind === 'table') table = line.name?.value ?? '';
    if (line.kind === 'chain') spans.set(`${table} ${line.name?.value ?? ''}`, lineSpan(document, number));
  }
  return spans;
}
