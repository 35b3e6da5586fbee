/**
 * The tags of a template, by their shape alone: what is put in their place becomes part of a word, what steers the
 * template leaves nothing. Jinja, Go's text/template, ERB, envsubst, autoconf and their like are told by their brackets.
 */
import type { Span } from '../tree';

export interface Tag extends Span {
  /** `text`: something stands in its place. `control`: nothing does. `lines`: whole lines may. */
  readonly kind: 'text' | 'control' | 'lines';
}

/** Words that begin what steers a Go template or Handlebars. */
const CONTROL_WORD =
  /^\{\{[-~]?\s*(?:[#/!^]|\/\*|(?:if|else|end|range|with|define|block|break|continue)\b|\$\w+\s*:?=)/;
/** …and what takes in another template. */
const INCLUDING_WORD = /^\{\{[-~]?\s*(?:>|(?:template|include)\b)/;

const TAG =
  /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}|\{#[\s\S]*?#\}|<%[\s\S]*?%>|\$\{[^}\n]*\}|\$\([^)\n]*\)|\$[A-Za-z_]\w*|@[A-Za-z_]\w*@|%[A-Z][A-Z0-9_]*%/g;

/** In the order of the text. */
export function templateTags(text: string): readonly Tag[] {
  return [...text.matchAll(TAG)].map(({ 0: tag, index }) => ({
    start: index,
    end: index + tag.length,
    kind: kindOf(tag),
  }));
}

function kindOf(tag: string): Tag['kind'] {
  if (tag.startsWith('{{')) {
    if (CONTROL_WORD.test(tag)) return 'control';
    return INCLUDING_WORD.test(tag) ? 'lines' : 'text';
  }
  if (tag.startsWith('{%'))
    return /^\{%[-+]?\s*(?:include|import|extends|call|block|macro)\b/.test(tag) ? 'lines' : 'control';
  if (tag.startsWith('<%')) return /^<%[-]?=/.test(tag) ? 'text' : 'control';
  return tag.startsWith('{#') ? 'control' : 'text';
}

/** Tags that no ruleset holds by itself: place-holders in brackets, outside of comments and quotes. */
export function hasBracketTags(text: string): boolean {
  return /^(?![ \t]*#)[^"\n]*(?:\{\{|\{%|<%)/m.test(text);
}

/** Words that may be place-holders, and may be meant as they are: `$LAN`, `${PORT}`, `@NET@`. */
export function hasVariableWords(text: string): boolean {
  return /^(?![ \t]*#)[^"\n]*[ \t](?:\$\{?[A-Za-z_]\w*\}?|@[A-Za-z_]\w*@)(?=[\s/,:]|$)/m.test(text);
}
