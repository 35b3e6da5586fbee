/** Kinds of refusal: each example is refused as it says, is found under its code, and is mended by its fix. */
import { describe, expect, it } from 'vitest';
import { createDocument } from '../server/src/analysis/document';
import { NO_HINTS } from '../server/src/analysis/hints';
import { VARIANTS } from '../server/src/analysis/variant';
import { diagnosticSlices } from '../server/src/features/diagnostics';
import { applyEdits } from '../server/src/lint/finding';
import type { RefusalExample } from '../server/src/lint/refusals/define';
import { REFUSALS } from '../server/src/lint/refusals/registry';
import { guessFamily } from '../server/src/syntax/family';
import { canLoad, loadError } from './support/load-ruleset';

const EXAMPLES = REFUSALS.flatMap(({ code, examples }) => examples.map((example) => [code, example] as const));

/** Of the file alone: lint may have more to say. */
function diagnosticsOf(text: string, { family }: RefusalExample) {
  const document = createDocument(text, family && { family });
  return [...diagnosticSlices(document, NO_HINTS)].flat();
}

describe.each(EXAMPLES)('%s', (code, example) => {
  it(`is found: ${JSON.stringify(example.code)}`, () => {
    expect(diagnosticsOf(example.code, example).map((found) => found.code)).toContain(code);
  });

  it.runIf(example.fixed !== undefined)('its fix mends it', () => {
    const found = diagnosticsOf(example.code, example).find((one) => one.code === code);
    expect(applyEdits(example.code, found?.fixes[0]?.edits ?? [])).toBe(example.fixed);
  });
});

it('every kind has an example, and a name of its own', () => {
  expect(REFUSALS.filter(({ examples }) => examples.length === 0)).toEqual([]);
  expect(new Set(REFUSALS.map(({ code }) => code)).size).toBe(REFUSALS.length);
});

describe.runIf(canLoad)('iptables agrees', () => {
  it.each(VARIANTS)('%s', (variant) => {
    const wrong = EXAMPLES.flatMap(([code, { code: text, fixed, refusedBy, loads, family = guessFamily(text) }]) => {
      const isRefused = loads !== true && (refusedBy === undefined || refusedBy === variant);
      const error = loadError(text, { variant, family, ipsets: '' });
      const after = fixed === undefined ? undefined : loadError(fixed, { variant, family, ipsets: '' });
      return [
        ...((error !== undefined) === isRefused ? [] : [`${code}: ${JSON.stringify(text)}: ${error ?? 'is accepted'}`]),
        ...(after === undefined ? [] : [`${code}: fixed: ${after}`]),
      ];
    });
    expect(wrong).toEqual([]);
  });
});
