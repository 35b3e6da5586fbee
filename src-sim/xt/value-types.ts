/** The kinds of option values that extensions share: how each is read and how iptables-save prints it. */
import type { Family } from '../net/address';
import type { Json } from '../netfilter/ruleset';
import type { Choice, Parsed, ValueType } from './define';

export function ok<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export function bad<T>(error: string): Parsed<T> {
  return { ok: false, error };
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
    parse: ([text = ''], family) => parse(text, family),
    print: (value) => [print(value)],
    ...(choices ? { choices } : {}),
  };
}

/** An option that takes no value. */
export const flag: ValueType<true> = { name: 'flag', words: 0, parse: () => ok(true), print: () => [] };

export const text = word<string>('text', ok);

/** A whole number as strtoul(3) reads it: decimal, `0x` hexadecimal, or octal after a leading zero. */
export function unsigned(name: string, min: number, max: number): ValueType<number> {
  return word(name, (word) => {
    const value = parseUnsigned(word);
    if (value === undefined) return bad(`"${word}" is not a number`);
    return value < min || value > max ? bad(`${word} is out of range, ${min} to ${max}`) : ok(value);
  });
}

export function parseUnsigned(word: string): number | undefined {
  if (/^0[xX][0-9a-fA-F]+$/.test(word)) return Number.parseInt(word, 16);
  if (/^0[0-7]+$/.test(word)) return Number.parseInt(word, 8);
  return /^(0|[1-9]\d*)$/.test(word) ? Number(word) : undefined;
}

export const uint8 = unsigned('number from 0 to 255', 0, 255);
export const uint16 = unsigned('number from 0 to 65535', 0, 65_535);
export const uint32 = unsigned('number', 0, 4_294_967_295);
