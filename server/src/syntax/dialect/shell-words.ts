/**
 * The words of a shell script: what sh(1) would hand to a command, where that can be told without running anything.
 * Whatever is expanded (`$x`, `$(…)`, `{a,b}`) makes its word opaque from there on. Spans are offsets into the script.
 *
 * @see POSIX.1-2017, Shell Command Language, 2.2 Quoting, 2.3 Token Recognition
 */
import type { Word } from '../tree';

/** A word while it is read. */
interface OpenWord {
  at: number;
  value: string;
  opaqueFrom: number | undefined;
}

const METACHARACTERS = ' \t\r\n;&|<>()';

/** The word that begins at `start`, which is neither a blank nor an operator. */
export function shellWord(text: string, start: number): Word {
  const word: OpenWord = { at: start, value: '', opaqueFrom: undefined };
  while (word.at < text.length && !isEnd(text, word)) readPiece(text, word);
  const span = { start, end: word.at };
  const { value, opaqueFrom } = word;
  return opaqueFrom === undefined ? { span, value } : { span, value, opaqueFrom };
}

function isEnd(text: string, { at, value }: OpenWord): boolean {
  const character = text.charAt(at);
  if (!METACHARACTERS.includes(character)) return false;
  // `names=(a b)` is one word.
  return character !== '(' || !/^\w+\+?=$/.test(value);
}

function readPiece(text: string, word: OpenWord): void {
  switch (text.charAt(word.at)) {
    case '\\':
      readEscape(text, word, word.at + 1);
      break;
    case "'":
      readSingleQuoted(text, word);
      break;
    case '"':
      readDoubleQuoted(text, word);
      break;
    case '$':
      readDollar(text, word);
      break;
    case '`':
      takeOpaque(text, word, closingQuote(text, word.at + 1, '`'));
      break;
    case '{':
      readBrace(text, word);
      break;
    case '(':
      takeOpaque(text, word, closingBracket(text, word.at));
      break;
    default:
      take(text, word, word.at + 1);
  }
}

function take(text: string, word: OpenWord, end: number): void {
  word.value += text.slice(word.at, end);
  word.at = end;
}

function takeOpaque(text: string, word: OpenWord, end: number): void {
  word.opaqueFrom ??= word.value.length;
  take(text, word, Math.max(end, word.at + 1));
}

/** A backslash before a line's end joins the lines. */
function readEscape(text: string, word: OpenWord, at: number): void {
  word.value += text.startsWith('\n', at) ? '' : text.charAt(at);
  word.at = Math.min(at + 1, text.length);
}

function readSingleQuoted(text: string, word: OpenWord): void {
  const end = text.indexOf("'", word.at + 1);
  word.at++;
  take(text, word, end === -1 ? text.length : end);
  word.at = Math.min(word.at + 1, text.length);
}

function readDoubleQuoted(text: string, word: OpenWord): void {
  word.at++;
  while (word.at < text.length && text[word.at] !== '"') {
    const character = text.charAt(word.at);
    if (character === '\\') {
      if ('$`"\\\n'.includes(text.charAt(word.at + 1))) readEscape(text, word, word.at + 1);
      else take(text, word, word.at + 1);
    } else if (character === '$') readDollar(text, word);
    else if (character === '`') takeOpaque(text, word, closingQuote(text, word.at + 1, '`'));
    else take(text, word, word.at + 1);
  }
  word.at = Math.min(word.at + 1, text.length);
}

const VARIABLE = /\$(?:[A-Za-z_]\w*|[\d@*#?$!-])/y;

function readDollar(text: string, word: OpenWord): void {
  const next = text.charAt(word.at + 1);
  if (next === '(' || next === '{') takeOpaque(text, word, closingBracket(text, word.at + 1));
  else if (next === "'") takeOpaque(text, word, closingQuote(text, word.at + 2, "'"));
  else {
    VARIABLE.lastIndex = word.at;
    const found = VARIABLE.exec(text);
    if (found) takeOpaque(text, word, word.at + found[0].length);
    else take(text, word, word.at + 1);
  }
}

/** `{22,80}` becomes several words, `{1..3}` too. */
function readBrace(text: string, word: OpenWord): void {
  const list = /^\{[^\s{}]*(?:,|\.\.)[^\s{}]*\}/.exec(text.slice(word.at, word.at + LONGEST_BRACE));
  if (list) takeOpaque(text, word, word.at + list[0].length);
  else take(text, word, word.at + 1);
}

const LONGEST_BRACE = 1_000;

/** Behind the quote that ends what begins at `at`; a backslash keeps one from ending it. */
export function closingQuote(text: string, at: number, quote: string): number {
  let end = at;
  while (end < text.length && text[end] !== quote) end += text[end] === '\\' ? 2 : 1;
  return Math.min(end + 1, text.length);
}

/** Behind the bracket that closes the one at `at`, brackets and quotes within it aside. */
function closingBracket(text: string, at: number): number {
  const open = text.charAt(at);
  const close = open === '(' ? ')' : '}';
  let depth = 0;
  for (let end = at; end < text.length; end++) {
    const character = text.charAt(end);
    if (character === '\\') end++;
    else if (character === "'" && open === '(') end = text.indexOf("'", end + 1);
    else if (character === '"') end = closingQuote(text, end + 1, '"') - 1;
    else if (character === open) depth++;
    else if (character === close) depth--;
    if (end < at) return text.length;
    if (depth === 0) return end + 1;
  }
  return text.length;
}
