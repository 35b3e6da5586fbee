/** Texts that iptables cuts without a word. */

import { quoted, utf8Length } from '../../../src-sim/xt/value-types';
import type { Document } from '../analysis/document';
import type { OptionPart } from '../syntax/tree';
import type { Report } from './define';
import { type RuleLine, replaceIn, reportAt, valueSpan } from './rule-lines';

export interface Cut {
  /** In bytes. */
  readonly limit: number;
  readonly safe: boolean;
}

export function cutTexts(
  document: Document,
  rule: RuleLine,
  part: OptionPart,
  { limit, safe }: Cut,
): readonly Report[] {
  const [word] = part.words;
  if (word === undefined || utf8Length(word.value) <= limit) return [];
  const kept = firstBytes(word.value, limit);
  const message = `iptables keeps ${limit} bytes of it, and the rest is cut: "${ending(kept)}" is where it ends.`;
  const edits = [replaceIn(document, rule.number, valueSpan(part), quoted(kept))];
  const fix = { title: 'Cut it as iptables does', edits, safe, scope: { kind: 'nothing' } as const };
  return [reportAt(document, rule, valueSpan(part), message, { fixes: [fix] })];
}

const SHOWN = 12;

function ending(text: string): string {
  return text.length > SHOWN ? `…${text.slice(-SHOWN)}` : text;
}

function firstBytes(text: string, limit: number): string {
  let kept = '';
  let bytes = 0;
  for (const letter of text) {
    bytes += utf8Length(letter);
    if (bytes > limit) break;
    kept += letter;
  }
  return kept;
}
