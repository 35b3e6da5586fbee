/**
 * Rulesets with what is expected of their lines written below them, as comments that iptables-restore skips:
 *
 *     -A INPUT -p tcp --dprot 22
 *     #               ^^^^^^^ error[unknown-option]: unknown option "--dprot": did you mean "--dport"?
 *
 * What begins a line cannot be pointed at so; it is written `#0..6 error[…]: …`.
 */
import type { Problem } from '../../server/src/syntax/tree';

const MARK = /^#(?: *\^+|\d+\.\.\d+) (?:error|warning|information)\[[\w-]+\]: /;

/** The ruleset without its marks. */
export function withoutMarks(text: string): string {
  return text
    .split('\n')
    .filter((line) => !MARK.test(line))
    .join('\n');
}

/** The ruleset with a mark below its line for each problem. */
export function withMarks(text: string, problems: readonly (Problem & { readonly line: number })[]): string {
  return text
    .split('\n')
    .flatMap((line, number) => [line, ...problems.filter((one) => one.line === number).map(markOf)])
    .join('\n');
}

function markOf({ span: { start, end }, severity, code, message, refusedBy }: Problem): string {
  const length = Math.max(1, end - start);
  const place = start === 0 ? `#${start}..${end}` : `#${' '.repeat(start - 1)}${'^'.repeat(length)}`;
  return `${place} ${severity}[${code}]: ${message}${refusedBy === undefined ? '' : ` (only ${refusedBy})`}`;
}
