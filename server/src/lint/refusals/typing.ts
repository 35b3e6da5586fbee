/** Slips of the keyboard, and of what stands between it and the file: quotes, dashes, blanks, comments, capitals. */
import { spanInDocument } from '../../analysis/document';
import { defineRefusals, edit, linesInPlace, partsAt, type RefusalFix, type RefusedPlace } from './define';

/** Dashes, blanks and quotes as word processors and web pages write them. */
const TYPOGRAPHIC = /[\u2010-\u2015\u2212\u00a0\u2007\u202f\u2018\u2019\u201c\u201d]/;

export const TYPING_REFUSALS = defineRefusals([
  {
    code: 'typographic-char',
    title: 'A character that only looks right',
    why: 'A dash, blank or quote of a word processor, the line ending of Windows, a byte order mark: iptables-restore takes them for parts of words.',
    instead: 'Save the file as plain UTF-8 with LF line endings, and write `-`, a blank and `"`.',
    of: [
      'bad-argument',
      'unknown-option',
      'unknown-chain',
      'no-command',
      'bad-value',
      'carriage-return',
      'byte-order-mark',
    ],
    when: (at) =>
      at.problem.code === 'carriage-return' || at.problem.code === 'byte-order-mark' || TYPOGRAPHIC.test(at.text),
    fix: plainLetters,
    examples: [
      {
        code: '*filter\n:INPUT DROP [0:0]\n-A INPUT –p tcp -j ACCEPT\nCOMMIT\n',
        fixed: '*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp -j ACCEPT\nCOMMIT\n',
      },
      {
        code: '*filter\n:INPUT DROP [0:0]\n-A INPUT\u00a0-i lo -j ACCEPT\nCOMMIT\n',
        fixed: '*filter\n:INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n',
      },
      {
        code: '*filter\r\n-A INPUT -i lo -j ACCEPT\r\nCOMMIT\r\n',
        fixed: '*filter\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n',
      },
      {
        code: '\ufeff*filter\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n',
        fixed: '*filter\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n',
      },
    ],
  },
  {
    code: 'shell-quoting',
    title: 'Quotes of the shell',
    why: "iptables-restore is no shell: only double quotes hold words together; `'a` and `b'` are two words.",
    instead: 'Put the text in double quotes.',
    of: ['bad-argument', 'open-quote'],
    when: (at) =>
      at.problem.code === 'open-quote' || singleQuoted(at) !== undefined || TEXT_IN_PIECES.test(at.problem.message),
    fix: doubleQuotes,
    examples: [
      {
        code: "*filter\n-A INPUT -m comment --comment 'the office' -s 192.0.2.1 -j ACCEPT\nCOMMIT\n",
        fixed: '*filter\n-A INPUT -m comment --comment "the office" -s 192.0.2.1 -j ACCEPT\nCOMMIT\n',
      },
      { code: '*filter\n-A INPUT -m comment --comment the office -j ACCEPT\nCOMMIT\n' },
    ],
  },
  {
    code: 'inline-comment',
    title: 'A comment that has no line of its own',
    why: 'A line is a comment where `#` is its very first character. Anywhere else it is a word of the rule, which takes none.',
    instead: 'Put the comment on the line above, or into the rule with `-m comment --comment "…"`.',
    of: ['trailing-comment', 'indented-line'],
    when: (at) => at.problem.code === 'trailing-comment' || at.line.kind === 'comment',
    fix: commentAbove,
    examples: [
      {
        code: '*filter\n-A INPUT -p tcp -j ACCEPT # web\nCOMMIT\n',
        fixed: '*filter\n# web\n-A INPUT -p tcp -j ACCEPT\nCOMMIT\n',
      },
      { code: '*filter\n  # web\n-A INPUT -j ACCEPT\nCOMMIT\n', fixed: '*filter\n# web\n-A INPUT -j ACCEPT\nCOMMIT\n' },
    ],
  },
  {
    code: 'target-case',
    title: 'A target in other letters',
    why: 'Names of targets and chains mind their capitals: `accept` is not `ACCEPT`.',
    instead: 'Write the target as it is called.',
    of: ['unknown-chain'],
    when: ({ problem, text }) =>
      problem.suggestion !== text && problem.suggestion?.toLowerCase() === text.toLowerCase(),
    fix: (at) => {
      const { suggestion = '', span } = at.problem;
      return { title: `Write ${suggestion}`, edits: [edit(at, span, suggestion)], safe: true };
    },
    examples: [
      { code: '*filter\n-A INPUT -i lo -j accept\nCOMMIT\n', fixed: '*filter\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n' },
    ],
  },
]);

/** Options whose text may have blanks. */
const TEXT_IN_PIECES = /--(?:comment|[a-z-]*prefix|[a-z-]*string) takes one word|double quotes/;

function plainLetters(at: RefusedPlace): RefusalFix {
  const { code } = at.problem;
  if (code === 'byte-order-mark') {
    return { title: 'Take it out', edits: [edit(at, { start: 0, end: 1 }, '')], safe: true };
  }
  if (code === 'carriage-return') return { title: 'End every line with LF', edits: withoutReturns(at), safe: true };
  const edits = [...at.line.text.matchAll(new RegExp(TYPOGRAPHIC, 'g'))].map(({ index, 0: letter }) =>
    edit(at, { start: index, end: index + 1 }, plainFor(letter, at.line.text, index)),
  );
  return { title: 'Write plain letters', edits, safe: true };
}

function withoutReturns({ document, tree }: RefusedPlace) {
  return tree.lines.flatMap(({ text }, number) => {
    const span = spanInDocument(document, number, { start: text.length - 2, end: text.length - 1 });
    return text.endsWith('\r\n') ? [{ span, text: '' }] : [];
  });
}

/** A long dash stands for two where a word follows it: `–dport`. */
function plainFor(letter: string, text: string, index: number): string {
  if (/[\u2018\u2019\u201c\u201d]/.test(letter)) return '"';
  if (/[\u00a0\u2007\u202f]/.test(letter)) return ' ';
  const isAlone = /[\s]/.test(text.charAt(index - 1)) || index === 0;
  return isAlone && /^[a-z]{2}/i.test(text.slice(index + 1)) ? '--' : '-';
}

/** `'the office'`, which the problem's word is a part of. */
function singleQuoted({ line, problem }: RefusedPlace): { start: number; end: number } | undefined {
  for (const { index, 0: quoted } of line.text.matchAll(/(?<=\s)'[^']*'(?=\s)/g)) {
    const end = index + quoted.length;
    if (index < problem.span.start && problem.span.start < end) return { start: index, end };
  }
  return undefined;
}

function doubleQuotes(at: RefusedPlace): RefusalFix | undefined {
  const span = singleQuoted(at);
  const text = span && at.line.text.slice(span.start + 1, span.end - 1);
  if (span === undefined || text === undefined || /["\\]/.test(text)) return undefined;
  return { title: 'Write double quotes', edits: [edit(at, span, `"${text}"`)], safe: true };
}

function commentAbove(at: RefusedPlace): RefusalFix {
  const { text } = at.line;
  if (at.line.kind === 'comment') {
    const indent = text.length - text.trimStart().length;
    return { title: 'Take the blanks away', edits: [edit(at, { start: 0, end: indent }, '')], safe: true };
  }
  const { start } = at.problem.span;
  const rule = text.slice(0, start).trimEnd();
  const comment = text.slice(start).trimEnd();
  const lines = partsAt(at).length === 0 && rule === '' ? [comment] : [comment, rule];
  return { title: 'Put the comment above', edits: [linesInPlace(at, lines)], safe: true };
}
