/**
 * Splits a line into words exactly as iptables-restore does, which is not as a shell does: only `"` quotes, a closing
 * quote ends the word, a backslash escapes inside quotes only, and there are no comments behind a rule.
 *
 * @see iptables: iptables/xshared.c:add_param_to_argv
 */
import { utf8Length } from '../../../src-sim/xt/value-types';
import type { Word } from './tree';

/** What iptables-restore takes at most. A longer line is cut and its rest read as a line of its own. */
export const MAX_LINE_BYTES = 10_239;
/** Words of one rule. @see iptables: iptables/xshared.h:MAX_ARGC, less the program's name and `-t TABLE` */
export const MAX_WORDS = 251;
/** @see iptables: iptables/xshared.h:xt_param_buf */
export const MAX_WORD_BYTES = 1023;

export interface Words {
  readonly words: readonly Word[];
  /** Offset of a `"` that is never closed: the word it begins runs to the end of the line. */
  readonly openQuote: number | undefined;
  /** Whether there were more words than iptables-restore takes; those are left out. */
  readonly truncated: boolean;
}

/** The words of `line` from `start` to `end`. */
export function splitWords(line: string, start: number, end: number): Words {
  const words: Word[] = [];
  let at = start;
  for (;;) {
    at = blanksEnd(line, at, end);
    if (at >= end) return { words, openQuote: undefined, truncated: false };
    if (words.length === MAX_WORDS) return { words, openQuote: undefined, truncated: true };
    const { word, openQuote } = wordAt(line, at, end);
    words.push(word);
    if (openQuote !== undefined) return { words, openQuote, truncated: false };
    at = word.span.end;
  }
}

/** The word that begins at `start`, and where its quote opens if that is never closed. */
export function wordAt(line: string, start: number, end: number): { word: Word; openQuote: number | undefined } {
  const at = plainWordEnd(line, start, end);
  if (at < end && line.charCodeAt(at) === QUOTE) {
    const { word, closed } = quotedWord(line, start, at, end);
    return { word, openQuote: closed ? undefined : at };
  }
  return { word: { span: { start, end: at }, value: line.slice(start, at) }, openQuote: undefined };
}

export function blanksEnd(line: string, start: number, end: number): number {
  let at = start;
  while (at < end && isBlank(line.charCodeAt(at))) at++;
  return at;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

export function plainWordEnd(line: string, start: number, end: number): number {
  let at = start;
  for (; at < end; at++) {
    const code = line.charCodeAt(at);
    if (isBlank(code) || code === QUOTE) break;
  }
  return at;
}

/** The word from `start` whose quote opens at `quote`; what stands before the quote belongs to it. */
function quotedWord(line: string, start: number, quote: number, end: number): { word: Word; closed: boolean } {
  let value = line.slice(start, quote);
  let at = quote + 1;
  let from = at;
  for (; at < end && line.charCodeAt(at) !== QUOTE; at++) {
    if (line.charCodeAt(at) !== BACKSLASH) continue;
    value += line.slice(from, at);
    at++;
    from = at;
  }
  const closed = at < end;
  const stop = Math.min(at, end);
  return { word: { span: { start, end: closed ? stop + 1 : end }, value: value + line.slice(from, stop) }, closed };
}

/** Bytes of `text` in UTF-8, as iptables counts its limits; `limit` spares counting what is short in any case. */
export function exceedsBytes(text: string, limit: number): boolean {
  if (text.length > limit) return true;
  return text.length * 3 > limit && utf8Length(text) > limit;
}
