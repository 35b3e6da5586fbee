/** Option values made of marks: `value[/mask]`. */
import { allParsed, hex, mapParsed, parseNumberIn, unsigned, word } from './value-types';

export type MarkMask = { readonly value: number; readonly mask: number };

export const ALL_BITS = 0xffff_ffff;

/** `0x1`, `0x1/0xff`; a test prints no mask where every bit counts. */
export const markTest = markMask(({ value, mask }) => (mask === ALL_BITS ? hex(value) : `${hex(value)}/${hex(mask)}`));

/** The same, as a change of a mark: the mask is always printed. */
export const markChange = markMask(({ value, mask }) => `${hex(value)}/${hex(mask)}`);

export const markBits = unsigned('bits', 0, ALL_BITS, hex);

function markMask(print: (test: MarkMask) => string) {
  return word<MarkMask>(
    'value[/mask]',
    (text) => {
      const [value = '', mask, ...rest] = text.split('/');
      const numbers = [value, ...(mask === undefined ? [] : [mask]), ...rest].map((part) =>
        parseNumberIn(part, 0, ALL_BITS),
      );
      if (rest.length > 0) return { ok: false, error: `"${text}" has more than one mask` };
      return mapParsed(allParsed(numbers), ([bits = 0, looked = ALL_BITS]) => ({ value: bits, mask: looked }));
    },
    print,
  );
}

/** `(mark & mask) === value`, in the kernel's 32 bits: a value outside the mask is never found. */
export function markMatches(mark: number, { value, mask }: MarkMask): boolean {
  return (mark & mask) >>> 0 === value;
}

/** `(mark & ~mask) ^ value`. */
export function changeMark(mark: number, { value, mask }: MarkMask): number {
  return ((mark & ~mask) ^ value) >>> 0;
}

export interface MarkOptions {
  readonly 'set-xmark'?: { readonly value: MarkMask };
  readonly 'set-mark'?: { readonly value: MarkMask };
  readonly 'and-mark'?: { readonly value: number };
  readonly 'or-mark'?: { readonly value: number };
  readonly 'xor-mark'?: { readonly value: number };
}

/** Each of the five ways to say it is a `--set-xmark`. @see extensions/libxt_MARK.c: mark_tg_parse */
export function xmarkOf(given: MarkOptions): MarkMask | undefined {
  const { 'set-xmark': xmark, 'set-mark': mark, 'and-mark': and, 'or-mark': or, 'xor-mark': xor } = given;
  if (xmark) return xmark.value;
  if (mark) return { value: mark.value.value, mask: (mark.value.mask | mark.value.value) >>> 0 };
  if (and) return { value: 0, mask: ~and.value >>> 0 };
  if (or) return { value: or.value, mask: or.value };
  return xor && { value: xor.value, mask: 0 };
}
