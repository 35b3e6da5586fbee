/** The kinds of option values that extensions share: how each is read and how iptables-save prints it. */

import type { Family } from '../net/address';
import type { Json } from '../netfilter/ruleset';
import type { Choice, Parsed, ValueType } from './define';

export function ok<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

/** What iptables takes, and reads otherwise than it was probably meant. */
export function odd<T>(value: T, warning: string): Parsed<T> {
  return { ok: true, value, warning };
}

export function bad<T>(error: string): Parsed<T> {
  return { ok: false, error };
}

/** What was read, changed: `mapParsed(parse(text), f)`. */
export function mapParsed<A, B>(parsed: Parsed<A>, change: (value: A) => B): Parsed<B> {
  return parsed.ok ? ok(change(parsed.value)) : parsed;
}

/** All of them, or the first error. */
export function allParsed<T>(parsed: readonly Parsed<T>[]): Parsed<readonly T[]> {
  const values: T[] = [];
  for (const one of parsed) {
    if (!one.ok) return one;
    values.push(one.value);
  }
  return ok(values);
}

/** A type of one word. */
export function word<T extends Json>(
  name: string,
  parse: (text: string, family: Family) => Parsed<T>,
  print: (value: T) => string = String,
  choices?: readonly Choice[],
): ValueType<T> {
  return {
    name,
    words: 1,
    parse: (words, family) => parse(words[0] ?? '', family),
    print: (value) => [print(value)],
    ...(choices ? { choices } : {}),
  };
}

/** An option that takes no value. */
export const flag: ValueType<true> = { name: 'flag', words: 0, parse: () => ok(true), print: () => [] };

/** Free text of at most `limit` bytes. */
export function limitedText(name: string, limit: number): ValueType<string> {
  return { ...limitedName(name, limit), print: (text) => [quoted(text)] };
}

/** The same, where iptables-save prints it as it is, without quotes. */
export function limitedName(name: string, limit: number): ValueType<string> {
  return word(name, (text) =>
    utf8Length(text) > limit ? bad(`"${text}" is too long: at most ${limit} bytes`) : ok(text),
  );
}

/** Free text that is cut behind `limit` bytes without a word. */
export function cutText(name: string, limit: number): ValueType<string> {
  return word(name, (text) => ok(firstBytes(text, limit)), quoted);
}

function firstBytes(text: string, limit: number): string {
  if (text.length * 3 <= limit) return text;
  let kept = '';
  let bytes = 0;
  for (const character of text) {
    bytes += utf8Length(character);
    if (bytes > limit) break;
    kept += character;
  }
  return kept;
}

export const text = word<string>('text', ok, quoted);

/**
 * Quoted where iptables-save quotes: anything but letters, digits, `-` and `_`.
 * @see libxtables/xtables.c: xtables_save_string
 */
export function quoted(text: string): string {
  return /^[\w-]+$/.test(text) ? text : `"${text.replace(/["\\']/g, '\\$&')}"`;
}

export function utf8Length(text: string): number {
  let bytes = 0;
  for (let at = 0; at < text.length; at += 1) {
    const codePoint = text.codePointAt(at) ?? 0;
    bytes += utf8Bytes(codePoint);
    if (codePoint > 0xffff) at += 1;
  }
  return bytes;
}

function utf8Bytes(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}

/** A whole number as strtoul(3) reads it: decimal, `0x` hexadecimal, or octal after a leading zero. */
export function unsigned(
  name: string,
  min: number,
  max: number,
  print: (value: number) => string = String,
): ValueType<number> {
  return word(name, (word) => parseNumberIn(word, min, max), print);
}

export function parseNumberIn(word: string, min: number, max: number): Parsed<number> {
  const value = parseUnsigned(word);
  if (value === undefined) return bad(`"${word}" is not a number`);
  return value < min || value > max ? bad(`${word} is out of range, ${min} to ${max}`) : ok(value);
}

export function parseUnsigned(word: string): number | undefined {
  if (isDecimal(word)) return Number(word);
  if (/^0[xX][0-9a-fA-F]+$/.test(word)) return Number.parseInt(word, 16);
  if (/^0[0-7]+$/.test(word)) return Number.parseInt(word, 8);
  return undefined;
}

/** Digits without a leading zero. */
function isDecimal(word: string): boolean {
  if (word === '' || (word.length > 1 && word.startsWith('0'))) return false;
  for (let at = 0; at < word.length; at += 1) if (!isDigit(word.charCodeAt(at))) return false;
  return true;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** Two digits, as iptables prints a TOS, DSCP or protocol byte: `0x0a`. */
export function hexByte(value: number): string {
  return `0x${value.toString(16).padStart(2, '0')}`;
}

export const uint8 = unsigned('number from 0 to 255', 0, 255);
export const uint16 = unsigned('number from 0 to 65535', 0, 65_535);
export const uint32 = unsigned('number', 0, 4_294_967_295);

/** Both ends included. */
export type NumberSpan = { readonly min: number; readonly max: number };

/** `N`, `N:M`, `N:` or `:M`. @see libxtables/xtoptions.c: xtopt_parse_mint */
export function numberSpan(name: string, limit: number): ValueType<NumberSpan> {
  const parse = (text: string): Parsed<NumberSpan> => {
    const [from = '', to, ...rest] = text.split(':');
    if (rest.length > 0) return bad(`"${text}" has more than one colon`);
    const ends = allParsed([
      from === '' && to !== undefined ? ok(0) : parseNumberIn(from, 0, limit),
      to === undefined ? parseNumberIn(from, 0, limit) : to === '' ? ok(limit) : parseNumberIn(to, 0, limit),
    ]);
    return mapParsed(ends, ([min = 0, max = 0]) => ({ min, max }));
  };
  return word(name, parse, ({ min, max }) => (min === max ? `${min}` : `${min}:${max}`));
}

export function inSpan(value: number, span: NumberSpan): boolean {
  return span.min <= value && value <= span.max;
}

export interface KeywordReading {
  /** Whether the beginning of a word will do (`--ctstate EST`), as where iptables compares with strncasecmp. */
  readonly prefixes?: boolean;
}

/** One of a few words, which the case of letters does not tell apart. */
export function keyword<const Word extends string>(
  name: string,
  choices: readonly Choice<Word>[],
  reading: KeywordReading = {},
): ValueType<Word> {
  const parse = (text: string): Parsed<Word> => {
    const given = text.toLowerCase();
    const known =
      choices.find((choice) => choice.text.toLowerCase() === given) ??
      choices.find((choice) => reading.prefixes && given !== '' && choice.text.toLowerCase().startsWith(given));
    return known ? ok(known.text) : bad(`"${text}" is none of ${choices.map((choice) => choice.text).join(', ')}`);
  };
  return word(name, parse, String, choices);
}

/** Some of a few words, comma-separated, printed in the order in which they are declared. */
export function keywords<const Word extends string>(
  name: string,
  choices: readonly Choice<Word>[],
  reading: KeywordReading = {},
): ValueType<readonly Word[]> {
  const one = keyword(name, choices, reading);
  const ordered = (given: readonly Word[]) =>
    choices.map((choice) => choice.text).filter((text) => given.includes(text));
  return word(
    name,
    (list, family) => mapParsed(allParsed(list.split(',').map((word) => one.parse([word], family))), ordered),
    (given) => given.join(','),
    choices,
  );
}
