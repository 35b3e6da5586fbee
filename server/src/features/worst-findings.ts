/** What an editor is told of a file with a finding on every line: the worst, and how many more there are. */
import { type Document, spanInDocument } from '../analysis/document';
import { severityRank } from '../lint/severities';
import { contentEnd } from '../syntax/parse';
import { type Diagnostic, MOST_DIAGNOSTICS } from './diagnostics';

export function worstFindings(document: Document, findings: readonly Diagnostic[]): readonly Diagnostic[] {
  if (findings.length <= MOST_DIAGNOSTICS) return findings;
  const worst = [...findings].sort((a, b) => severityRank(a.severity) - severityRank(b.severity));
  const rest = findings.length - MOST_DIAGNOSTICS;
  const message = `${rest} more findings, none of them worse than those that are shown: chainwalk lint tells them all`;
  const span = spanInDocument(document, 0, { start: 0, end: contentEnd(document.chunks.at(0)?.text ?? '') });
  const remark: Diagnostic = { code: 'too-many', severity: 'information', message, span, related: [], fixes: [] };
  return [...worst.slice(0, MOST_DIAGNOSTICS), remark];
}
