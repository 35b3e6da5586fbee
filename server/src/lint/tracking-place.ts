/** Where findings about conntrack as a whole are put: at the first rule that needs it. */
import { type Document, spanInDocument } from '../analysis/document';
import type { Span } from '../syntax/tree';
import { lineSpan } from './places';
import { type RuleLine, ruleLines, wholeRuleSpan } from './rule-lines';

const ASKING = ['conntrack', 'state', 'connmark', 'connlimit', 'connbytes', 'helper'];
const TRANSLATING = ['SNAT', 'DNAT', 'MASQUERADE', 'REDIRECT', 'NETMAP', 'CONNMARK', 'CT'];

export function firstTracking(document: Pick<Document, 'tree'>): RuleLine | undefined {
  const lines = ruleLines(document);
  const firsts = [
    ...ASKING.map((name) => lines.matching(name)[0]),
    ...TRANSLATING.map((name) => lines.leadingTo(name)[0]),
  ];
  return firsts.filter((rule) => rule !== undefined).sort((a, b) => a.number - b.number)[0];
}

/** Undefined where nothing of the file needs conntrack. */
export function trackingSpan(document: Document): Span | undefined {
  const first = firstTracking(document);
  return first && spanInDocument(document, first.number, wholeRuleSpan(first));
}

/** The first `*TABLE` line: for what concerns the host, whatever the rules. */
export function headSpan(document: Document): Span | undefined {
  const line = document.tree.lines.findIndex(({ kind }) => kind === 'table');
  return line === -1 ? undefined : lineSpan(document, line);
}
