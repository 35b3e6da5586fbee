/** Every kind of refusal, and which of them a problem is. The first that fits counts: the narrow ones come first. */

import type { TableName } from '../../../../src-sim/netfilter/hook';
import { blockRange } from '../../analysis/block-names';
import { blockAt } from '../../analysis/blocks';
import { type Document, sidesOf } from '../../analysis/document';
import type { LocatedProblem } from '../../analysis/located-problem';
import type { RulePart } from '../../syntax/tree';
import { CHAIN_REFUSALS } from './chains';
import type { Refusal, RefusedPlace } from './define';
import { FILE_REFUSALS } from './files';
import { OPTION_REFUSALS } from './options';
import { PLACE_REFUSALS } from './places';
import { PROTOCOL_REFUSALS } from './protocols';
import { TYPING_REFUSALS } from './typing';
import { VALUE_REFUSALS } from './values';

export const REFUSALS: readonly Refusal[] = [
  ...TYPING_REFUSALS,
  ...FILE_REFUSALS,
  ...CHAIN_REFUSALS,
  ...PROTOCOL_REFUSALS,
  ...VALUE_REFUSALS,
  ...OPTION_REFUSALS,
  ...PLACE_REFUSALS,
];

const BY_PROBLEM: ReadonlyMap<string, readonly Refusal[]> = groupByProblem();

export function findRefusal(code: string): Refusal | undefined {
  return REFUSALS.find((refusal) => refusal.code === code);
}

export interface RefusedProblem {
  readonly refusal: Refusal;
  readonly at: RefusedPlace;
}

/** What a problem of a line is called; undefined where its own code says it all. */
export function refusalOf(document: Document, problem: LocatedProblem): RefusedProblem | undefined {
  const number = problem.line;
  const candidates = BY_PROBLEM.get(problem.code);
  const side = document.others === undefined ? document : (sideOf(document, number) ?? document);
  const line = side.chunks.at(number);
  if (candidates === undefined || line === undefined) return undefined;
  const { start, end } = problem.span;
  const at: RefusedPlace = {
    problem,
    document,
    // Right behind an edit of a large file the lines are not gathered yet: only what is asked for is made.
    get tree() {
      return side.tree;
    },
    number,
    line,
    text: line.text.slice(start, end),
    part: line.kind === 'command' ? line.parts.find((part) => holds(part, start)) : undefined,
    table: tableAt(side, number),
  };
  const refusal = candidates.find(({ when }) => when === undefined || when(at));
  return refusal && { refusal, at };
}

function sideOf(document: Document, number: number): Document | undefined {
  return sidesOf(document).find(({ chunks }) => chunks.at(number)?.kind !== 'foreign');
}

function tableAt(document: Document, number: number): TableName | undefined {
  const isPlain = document.dialect === 'restore';
  return (isPlain ? blockRange(document.chunks, number) : blockAt(document.tree, number))?.table;
}

function holds(part: RulePart, offset: number): boolean {
  const words = wordsOf(part);
  const first = words[0]?.span.start ?? 0;
  const last = words.at(-1)?.span.end ?? 0;
  return first <= offset && offset < last;
}

function wordsOf(part: RulePart) {
  switch (part.kind) {
    case 'unknown':
      return part.words;
    case 'general':
      return [part.flag, ...part.words];
    case 'option':
      return [...(part.bang ? [part.bang] : []), part.flag, ...part.words].sort((a, b) => a.span.start - b.span.start);
    default:
      return part.name ? [part.flag, part.name] : [part.flag];
  }
}

function groupByProblem(): ReadonlyMap<string, readonly Refusal[]> {
  const groups = new Map<string, Refusal[]>();
  for (const refusal of REFUSALS) {
    for (const code of refusal.of) groups.set(code, [...(groups.get(code) ?? []), refusal]);
  }
  return groups;
}
