/**
 * Suppressions: comments by which a ruleset says that a finding is meant.
 *
 *     # chainwalk-disable-next-line CODE,CODE -- reason
 *     # chainwalk-disable CODE -- reason       until
 *     # chainwalk-enable CODE                  or the end of the file
 *
 * Whole-line comments only: iptables-restore knows no others.
 */
import { type Document, lineAt } from '../analysis/document';
import type { Finding } from './finding';

interface Suppression {
  readonly kind: 'next-line' | 'begin' | 'end';
  readonly codes: readonly string[];
  /** 0-based. */
  readonly line: number;
}

const COMMENT = /^#\s*chainwalk-(disable-next-line|disable|enable)\s+([^\s-][^\s]*(?:\s*,\s*[^\s,]+)*)\s*(?:--.*)?$/;

const KINDS = { 'disable-next-line': 'next-line', disable: 'begin', enable: 'end' } as const;

export function withoutSuppressed(document: Document, findings: readonly Finding[]): readonly Finding[] {
  const suppressions = readSuppressions(document);
  if (suppressions.length === 0) return findings;
  return findings.filter(({ code, span }) => !isSuppressed(document, suppressions, code, lineAt(document, span.start)));
}

function readSuppressions({ tree }: Document): readonly Suppression[] {
  return tree.lines.flatMap((line, number) => {
    const parts = line.kind === 'comment' ? COMMENT.exec(line.comment.value) : null;
    if (parts === null) return [];
    const kind = KINDS[parts[1] as keyof typeof KINDS];
    return [{ kind, codes: (parts[2] ?? '').split(',').map((code) => code.trim()), line: number }];
  });
}

function isSuppressed(document: Document, suppressions: readonly Suppression[], code: string, line: number): boolean {
  const own = suppressions.filter(({ codes }) => codes.includes(code));
  const isNext = own.some(({ kind, line: at }) => kind === 'next-line' && nextLine(document, at) === line);
  const last = own.filter(({ kind, line: at }) => kind !== 'next-line' && at < line).at(-1);
  return isNext || last?.kind === 'begin';
}

/** The line that a comment speaks of: comments and blank lines between do not count. */
function nextLine({ tree }: Document, from: number): number {
  return tree.lines.findIndex(({ kind }, line) => line > from && kind !== 'comment' && kind !== 'blank');
}
