/** The steps of a packet as rows under the hooks: what is shown of each, and in which order. */

import type { OutlineChain, OutlineRule, OutlineTable } from '../../../server/src/lsp/protocol';
import type { Hook } from '../../../src-sim/netfilter/hook';
import type { Step } from '../../../src-sim/sim/trace';
import type { StepFilter } from './messages';
import { type Piece, type Tone, toned, verdictTone, type Words } from './tone';

export interface StepGroup {
  readonly hook: Hook | undefined;
  /** `FORWARD` */
  readonly title: string;
  readonly rows: readonly StepRow[];
}

export type StepRow =
  | {
      readonly kind: 'step';
      /** Index among the packet's steps. */
      readonly step: number;
      /** The kernel's name of the place, `filter:FORWARD:1`; or the part of the stack. */
      readonly name: string;
      readonly nameTone: Tone | undefined;
      readonly words: Words;
      /** Whether `words` is the ruleset's own text. */
      readonly code: boolean;
      readonly matched: boolean;
      /** Why a rule did not match: what the packet has instead. */
      readonly why: string | undefined;
      /** What a target said besides. */
      readonly note: string | undefined;
      readonly verdict: string;
      readonly verdictTone: Tone | undefined;
      /** How many chains deep. */
      readonly depth: number;
      /** 0-based line of the ruleset. */
      readonly line: number | undefined;
    }
  /** Rules in a row that did not match, folded into one. */
  | {
      readonly kind: 'folded';
      readonly step: number;
      readonly count: number;
      readonly depth: number;
      readonly text: string;
    };

export interface StepView {
  readonly steps: readonly Step[];
  readonly outline: readonly OutlineTable[];
  readonly filter: StepFilter;
  /** First steps of folded runs that the reader has opened. */
  readonly opened: ReadonlySet<number>;
}

/** So many rules without a match in a row are folded. */
const FOLD_FROM = 12;

export function stepGroups(view: StepView): readonly StepGroup[] {
  const groups: { hook: Hook | undefined; title: string; rows: StepRow[] }[] = [];
  const depths = chainDepths(view.steps);
  const folds = foldedRuns(view);
  for (const [index, step] of view.steps.entries()) {
    if (view.filter === 'matched' && !isMatched(step)) continue;
    const last = groups.at(-1);
    // What happens between the hooks stands with the hook before it, or the first one.
    const title = titleOf(step) ?? last?.title ?? firstTitle(view.steps);
    const group =
      last && title === last.title ? last : { hook: 'hook' in step ? step.hook : undefined, title, rows: [] };
    if (group !== last) groups.push(group);
    const fold = folds.get(index);
    if (fold === 'inside') continue;
    const depth = depths[index] ?? 0;
    if (fold !== undefined) group.rows.push(foldedRow(view.steps, index, fold, depth));
    else group.rows.push(stepRow(step, index, depth, view.outline));
  }
  return groups;
}

/** `FORWARD`, or `bridge FORWARD`; undefined for what happens between the hooks. */
function titleOf(step: Step): string | undefined {
  if ('bridgeHook' in step) return `bridge ${step.bridgeHook}`;
  return 'hook' in step ? step.hook : undefined;
}

function firstTitle(steps: readonly Step[]): string {
  return steps.map(titleOf).find((title) => title !== undefined) ?? '';
}

/** Steps that a reader can select, in order. */
export function visibleSteps(view: StepView): readonly number[] {
  return stepGroups(view).flatMap((group) => group.rows.map((row) => row.step));
}

/** The step that decided about the packet: the one to show first. */
export function decidingStep(steps: readonly Step[]): number {
  const ofFilter = (step: Step): boolean => isPlace(step) && step.table === 'filter';
  const rank = [
    steps.findLastIndex((step) => decides(step) && 'verdict' in step && step.verdict !== 'ACCEPT'),
    steps.findLastIndex((step) => step.kind === 'rule' && ofFilter(step) && decides(step)),
    steps.findLastIndex((step) => ofFilter(step) && decides(step)),
    steps.findLastIndex((step) => step.kind === 'rule' && step.matched),
  ];
  return rank.find((index) => index !== -1) ?? Math.max(0, steps.length - 1);
}

function decides(step: Step): boolean {
  if (isBridgeDrop(step)) return true;
  return step.kind === 'policy' || (step.kind === 'rule' && step.matched && isFinal(step.verdict));
}

/** In `broute` DROP lets the frame in, as one that is routed. */
function isBridgeDrop(step: Step): boolean {
  if (!('bridgeTable' in step) || step.bridgeTable === 'broute' || !('verdict' in step)) return false;
  return /\bDROP$/.test(step.verdict);
}

export function isFinal(verdict: string): boolean {
  return verdict === 'ACCEPT' || verdict === 'DROP' || verdict === 'REJECT';
}

/** 0-based line of the ruleset that a step happened at; a policy's is its chain's. */
export function lineOfStep(step: Step | undefined, outline: readonly OutlineTable[]): number | undefined {
  if (step === undefined || !isPlace(step)) return undefined;
  return step.line ?? chainOf(step, outline)?.line;
}

function chainOf(step: PlaceStep, outline: readonly OutlineTable[]): OutlineChain | undefined {
  return outline.find(({ name }) => name === step.table)?.chains.find(({ name }) => name === step.chain);
}

type PlaceStep = Extract<Step, { kind: 'rule' | 'policy' | 'return' }>;

function isPlace(step: Step): step is PlaceStep {
  return step.kind === 'rule' || step.kind === 'policy' || step.kind === 'return';
}

function isMatched(step: Step): boolean {
  return !('matched' in step) || step.matched;
}

/** How many user-defined chains each step is deep in: a chain seen before on the way back closes those above it. */
function chainDepths(steps: readonly Step[]): readonly number[] {
  let base = '';
  let stack: string[] = [];
  return steps.map((step) => {
    if (!isPlace(step)) return 0;
    const root = `${step.hook} ${step.table}`;
    if (root !== base) stack = [];
    base = root;
    const at = stack.lastIndexOf(step.chain);
    stack = at === -1 ? [...stack, step.chain] : stack.slice(0, at + 1);
    return stack.length - 1;
  });
}

/** For the first step of each long run its length; `inside` for the others of the run. */
function foldedRuns({ steps, filter, opened }: StepView): ReadonlyMap<number, number | 'inside'> {
  const folds = new Map<number, number | 'inside'>();
  if (filter === 'matched') return folds;
  let start = 0;
  for (let index = 0; index <= steps.length; index += 1) {
    const step = steps[index];
    const first = steps[start];
    if (step && first && !isMatched(step) && sameChain(first, step)) continue;
    if (index - start >= FOLD_FROM && first && !isMatched(first) && !opened.has(start)) {
      folds.set(start, index - start);
      for (let inside = start + 1; inside < index; inside += 1) folds.set(inside, 'inside');
    }
    start = index;
  }
  return folds;
}

function sameChain(a: Step, b: Step): boolean {
  if ('bridgeTable' in a && 'bridgeTable' in b)
    return a.bridgeHook === b.bridgeHook && a.bridgeTable === b.bridgeTable && a.chain === b.chain;
  return isPlace(a) && isPlace(b) && a.hook === b.hook && a.table === b.table && a.chain === b.chain;
}

function foldedRow(steps: readonly Step[], index: number, count: number, depth: number): StepRow {
  const first = steps[index];
  const last = steps[index + count - 1];
  const place = first && 'number' in first ? `${tableText(first)}:${first.chain}:${first.number}` : '';
  const end = last && 'number' in last ? last.number : '';
  return { kind: 'folded', step: index, count, depth, text: `${place} – ${end}: ${count} rules did not match` };
}

function tableText(step: Extract<Step, { number: number }>): string {
  return 'bridgeTable' in step ? `ebtables ${step.bridgeTable}` : step.table;
}

const BASE = {
  why: undefined,
  note: undefined,
  verdict: '',
  verdictTone: undefined,
  line: undefined,
  code: false,
  matched: true,
} as const;

function stepRow(step: Step, index: number, depth: number, outline: readonly OutlineTable[]): StepRow {
  const base = { ...BASE, kind: 'step' as const, step: index, depth };
  if (isPlace(step)) return { ...base, ...placeRow(step, outline) };
  return { ...base, ...stackRow(step) };
}

type RowPart = Partial<Extract<StepRow, { kind: 'step' }>> & { name: string; nameTone: Tone | undefined; words: Words };

function placeRow(step: PlaceStep, outline: readonly OutlineTable[]): RowPart {
  const chain = chainOf(step, outline);
  const place = `${step.table}:${step.chain}`;
  const line = lineOfStep(step, outline);
  if (step.kind === 'return')
    return { name: `${place}:return`, nameTone: undefined, words: ['back to the chain before'], line };
  if (step.kind === 'policy') {
    return {
      name: `${place}:policy`,
      nameTone: undefined,
      words: [`policy of ${step.chain}`],
      line,
      ...verdictPart(step.verdict),
    };
  }
  const written = chain?.rules[step.number - 1] ?? { line: 0, text: '', conditions: [] };
  const rule = { name: `${place}:${step.number}`, nameTone: undefined, code: true, line };
  if (!step.matched) return { ...rule, words: failedConjunct(written, step.option), matched: false, why: step.saw };
  const verdict = step.verdict === '' ? 'counts' : step.verdict;
  return { ...rule, words: matchedWords(written.text, step.verdict), note: step.detail, ...verdictPart(verdict) };
}

function verdictPart(verdict: string): { verdict: string; verdictTone: Tone } {
  return { verdict: verdict.replace(/^(jump|goto) /, '→ '), verdictTone: verdictTone(verdict) };
}

/** The rule's text with the conjunct that failed brought out. */
function failedConjunct({ text, conditions }: OutlineRule, option: string): Words {
  const failed = conditions.find((condition) => condition.option === option);
  if (failed === undefined) return [text];
  const parts: Piece[] = [
    text.slice(0, failed.start),
    toned('why', text.slice(failed.start, failed.end)),
    text.slice(failed.end),
  ];
  return parts.filter((part) => part !== '');
}

/** The rule's text; a verdict that stands beside it anyway is quiet. */
function matchedWords(text: string, verdict: string): readonly Piece[] {
  const tail = /\s-[jg]\s+(\S+)\s*$/.exec(text);
  if (tail === null || !verdict.endsWith(tail[1] ?? '')) return [text];
  return [text.slice(0, tail.index), toned('quiet', text.slice(tail.index))].filter((piece) => piece !== '');
}

function stackRow(step: Exclude<Step, { kind: 'rule' | 'policy' | 'return' }>): RowPart {
  switch (step.kind) {
    case 'conntrack':
      return {
        name: 'conntrack',
        nameTone: 'conntrack',
        words: [`${CHANGES[step.change]}${step.text}`],
        verdict: step.state,
        verdictTone: 'conntrack',
      };
    case 'confirm':
      return { name: 'confirm', nameTone: 'conntrack', words: [step.text] };
    case 'nat':
      return {
        name: 'nat',
        nameTone: step.change === 'bound' || step.change === 'applied' ? 'rewritten' : 'quiet',
        words: [step.text],
      };
    case 'routing':
      return { name: 'routing', nameTone: undefined, words: [step.text] };
    case 'helper':
      return { name: 'helper', nameTone: 'conntrack', words: [step.text] };
    case 'ipvs':
      return { name: 'ipvs', nameTone: 'rewritten', words: [step.text] };
    case 'bridge':
      return { name: 'bridge', nameTone: undefined, words: [step.text] };
    case 'bridge-rule':
      return bridgeRuleRow(step);
    case 'bridge-policy':
      return {
        name: `${tableText(step)}:${step.chain}:policy`,
        nameTone: undefined,
        words: [`policy of ${step.chain}`],
        ...verdictPart(step.verdict),
      };
    case 'stack':
      return { name: 'stack', nameTone: 'quiet', words: [step.text] };
    case 'end':
      return endRow(step.fate);
  }
}

function bridgeRuleRow(step: Extract<Step, { kind: 'bridge-rule' }>): RowPart {
  const row = {
    name: `${tableText(step)}:${step.chain}:${step.number}`,
    nameTone: undefined,
    code: true,
    words: [step.text],
  };
  if (!step.matched) return { ...row, matched: false, why: `--${step.option}: ${step.saw}` };
  return { ...row, note: step.detail, ...verdictPart(step.verdict) };
}

const CHANGES = { created: 'new entry, ', updated: '', unchanged: '', destroyed: 'entry deleted, ', none: '' } as const;

function endRow(fate: Extract<Step, { kind: 'end' }>['fate']): RowPart {
  switch (fate.kind) {
    case 'sent':
      return { name: 'sent', nameTone: 'accepted', words: [`leaves by ${fate.device}`] };
    case 'delivered':
      return { name: 'delivered', nameTone: 'accepted', words: [`to ${fate.to}`] };
    case 'held':
      return { name: 'held', nameTone: 'quiet', words: [fate.reason] };
    case 'done':
      return { name: 'done', nameTone: 'conntrack', words: [fate.text] };
    case 'dropped':
    case 'rejected':
      return { name: fate.kind, nameTone: 'dropped', words: [fate.reason] };
  }
}
