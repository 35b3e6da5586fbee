/** Making problems, and the words in which they speak of names. */
import type { Problem, Span } from './tree';

export function problem(span: Span, code: string, message: string, severity: Problem['severity'] = 'error'): Problem {
  return { span, severity, code, message };
}

/** Names in a message: `"a", "b" or "c"`. */
export function alternatives(names: readonly string[]): string {
  const quoted = names.map((name) => `"${name}"`);
  const last = quoted.pop() ?? '';
  return quoted.length === 0 ? last : `${quoted.join(', ')} or ${last}`;
}
