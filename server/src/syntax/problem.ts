/** Making problems, and the words in which they speak of names. */
import type { Problem, Span } from './tree';

export function problem(span: Span, code: string, message: string, severity: Problem['severity'] = 'error'): Problem {
  return { span, severity, code, message };
}

/** More names than this tell nobody anything. */
const MOST_NAMES = 5;

/** Names in a message: `"a", "b" or "c"`; of more than `most` the first few. */
export function alternatives(names: readonly string[], most = MOST_NAMES): string {
  const quoted = names.map((name) => `"${name}"`);
  if (quoted.length > most) return `${quoted.slice(0, Math.min(most, MOST_NAMES - 2)).join(', ')}, …`;
  const last = quoted.pop() ?? '';
  return quoted.length === 0 ? last : `${quoted.join(', ')} or ${last}`;
}
