/** Offsets and the positions of the protocol. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDocument } from '../server/src/analysis/document';
import { toOffset, toPosition } from '../server/src/lsp/convert';

describe('positions', () => {
  const texts = fc
    .array(fc.constantFrom('a', ' ', '\n', '\r\n', '*filter', 'é', '😀', '-A INPUT'))
    .map((all) => all.join(''));

  test('an offset goes to a position and back', () => {
    fc.assert(
      fc.property(texts, fc.nat(), (text, seed) => {
        const document = createDocument(text);
        const offset = seed % (text.length + 1);
        fc.pre(text.slice(offset - 1, offset + 1) !== '\r\n');
        expect(toOffset(document, toPosition(document, offset))).toBe(offset);
      }),
    );
  });

  test('a position beyond a line is its end', () => {
    const document = createDocument('ab\r\ncd\n');
    expect(toOffset(document, { line: 0, character: 99 })).toBe(2);
    expect(toOffset(document, { line: 1, character: 99 })).toBe(6);
    expect(toOffset(document, { line: 2, character: 99 })).toBe(7);
    expect(toOffset(document, { line: 99, character: 0 })).toBe(7);
  });
});
