/** Making problems, and the words in which they speak of names. */
import type { Problem, Span } from './tree';

export function problem(span: Span, code: string, message: string, severity: Problem['severity'] = 'error'): Problem {
  return { span, severity, code, message };
}

/** More names than this tell nobody anything. */
const MOST_NAMES = 5;

/** Names in a message: `"a", "b" or "c"`. */
export function alternatives(names: readonly string[]): string {
  if (names.length > MOST_NAMES)
    return `${names
      .slice(0, MOST_NAMES - 2)
      .map((name) => `"${name}"`)
      .join(', ')}, …`;
  const quoted = names.map((name) => `"${name}"`);
  const last = quoted.pop() ?? '';
  return quoted.length === 0 ? last : `${quoted.join(', ')} or ${last}`;
}
