/**
 * Suppressions: comments by which a ruleset says that a finding is meant.
 *
 *     # chainwalk-disable-next-line CODE, CODE -- reason
 *     # chainwalk-disable CODE -- reason       until
 *     # chainwalk-enable CODE                  or the end of the file
 *     # chainwalk-disable-file CODE -- reason
 *
 * CODE is the code of a lint rule, the name of a group, or `all`. Whole-line comments only: iptables-restore knows no
 * others.
 */
import { type Document, spanInDocument } from '../analysis/document';
import type { Line, Span } from '../syntax/tree';

export type SuppressionKind = 'next-line' | 'begin' | 'end' | 'file';

export interface Suppression {
  /** Undefined where the word is none of {@link SUPPRESSION_WORDS}. */
  readonly kind: SuppressionKind | undefined;
  /** `disable-next-line` */
  readonly word: SuppressedName;
  readonly names: readonly SuppressedName[];
  /** What stands behind `--`; empty where nothing does. */
  readonly reason: string;
  /** The whole comment, as offsets in the text. */
  readonly span: Span;
  /** 0-based. */
  readonly line: number;
}

export interface SuppressedName {
  readonly text: string;
  /** Offsets in the text. */
  readonly span: Span;
}

export const SUPPRESSION_WORDS: Readonly<Record<string, SuppressionKind>> = {
  'disable-next-line': 'next-line',
  'disable-file': 'file',
  disable: 'begin',
  enable: 'end',
};

/** Stands for every lint rule. */
export const ALL_RULES = 'all';

const COMMENT = /^(#\s*chainwalk-)([\w-]*)(.*)$/s;
const REASON = /(?:^|\s)--(.*)$/;

export function readSuppressions(document: Document): readonly Suppression[] {
  return document.tree.lines.flatMap((line, number) => {
    const parts = line.kind === 'comment' ? COMMENT.exec(line.comment.value) : null;
    return parts === null || line.kind !== 'comment' ? [] : [suppressionIn(document, line, number, parts)];
  });
}

type CommentLine = Extract<Line, { readonly kind: 'comment' }>;

function suppressionIn(document: Document, line: CommentLine, number: number, parts: RegExpExecArray): Suppression {
  const [, marker = '', word = '', rest = ''] = parts;
  const at = line.comment.span.start;
  const named = (text: string, from: number): SuppressedName => ({
    text,
    span: spanInDocument(document, number, { start: from, end: from + text.length }),
  });
  const wordStart = at + marker.length;
  const reason = REASON.exec(rest);
  const list = reason === null ? rest : rest.slice(0, reason.index);
  const names = [...list.matchAll(/[^\s,]+/g)].map((name) => named(name[0], wordStart + word.length + name.index));
  return {
    kind: Object.hasOwn(SUPPRESSION_WORDS, word) ? SUPPRESSION_WORDS[word] : undefined,
    word: named(word, wordStart),
    names,
    reason: reason?.[1]?.trim() ?? '',
    span: spanInDocument(document, number, line.comment.span),
    line: number,
  };
}
