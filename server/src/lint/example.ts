/** The examples of a lint rule: a ruleset with caret lines that say what is found, and where. */
import type { Span } from '../syntax/tree';

export interface Example {
  /** The ruleset without its caret lines. */
  readonly text: string;
  readonly marks: readonly Mark[];
}

/** `#    ^^^^^ text` below a line: the span, and a part of the message. `#=== text` marks the whole line. */
export interface Mark {
  readonly span: Span;
  readonly message: string;
}

const CARETS = /^#(?:( *)(\^+)|=+) ?(.*)$/;

export function readExample(code: string): Example {
  const lines: string[] = [];
  const marks: Mark[] = [];
  let lineStart = 0;
  let nextStart = 0;
  for (const line of code.split('\n')) {
    const carets = CARETS.exec(line);
    if (carets) {
      const [, indent, marked, message = ''] = carets;
      const isWholeLine = indent === undefined || marked === undefined;
      const start = isWholeLine ? lineStart : lineStart + indent.length + 1;
      marks.push({ span: { start, end: isWholeLine ? nextStart - 1 : start + marked.length }, message });
      continue;
    }
    lines.push(line);
    lineStart = nextStart;
    nextStart += line.length + 1;
  }
  return { text: lines.join('\n'), marks };
}
