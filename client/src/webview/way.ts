/**
 * A packet's way as the map draws it: which hooks it crossed, what each place on them did, and where it ended. Made
 * from the simulator's steps; knows nothing of where things stand in the picture.
 */

import type { OutlineTable } from '../../../server/src/lsp/protocol';
import type { Hook, TableName } from '../../../src-sim/netfilter/hook';
import type { Fate, Step } from '../../../src-sim/sim/trace';
import { isFinal } from './step-rows';
import { type Tone, toned, verdictTone, type Words } from './tone';

/** What stands at a hook: a table, or what conntrack and IPVS registered there. */
export type PlaceName = TableName | 'defragmentation' | 'conntrack' | 'confirm' | 'ipvs';

/** The nodes of the map, between which the way runs. */
export type NodeName = Hook | 'in' | 'routing' | 'process' | 'out';

export interface Crossing {
  readonly place: PlaceName;
  /** Colour of the frame. */
  readonly tone: Tone;
  /** At most two short lines. */
  readonly lines: readonly Words[];
  /** The last step there. */
  readonly step: number;
}

export interface Passage {
  readonly hook: Hook;
  readonly crossings: readonly Crossing[];
}

export interface Way {
  readonly passages: readonly Passage[];
  /** Nodes in the order of the way. */
  readonly nodes: readonly NodeName[];
  readonly routing: string | undefined;
  /** Devices by which it came and went. */
  readonly inDevice: string | undefined;
  readonly outDevice: string | undefined;
  /** Where the way stops short: a place at the last hook, or the node itself. */
  readonly end: { readonly kind: Fate['kind'] | 'walking'; readonly place: PlaceName | undefined };
}

export interface WayOf {
  readonly steps: readonly Step[];
  readonly fate: Fate;
  readonly outline: readonly OutlineTable[];
  readonly inDevice: string | undefined;
  /** The way is known up to this step only; undefined: all of it. */
  readonly until: number | undefined;
}

export function wayOf({ steps, fate, outline, inDevice, until }: WayOf): Way {
  const known = until === undefined ? steps : steps.slice(0, until + 1);
  const whole = until === undefined || until >= steps.length - 1;
  const passages = passagesOf(known, outline);
  const routings = known.filter((step) => step.kind === 'routing');
  const forward = routings.findLast((step) => step.decision !== 'none');
  const lost = whole && (fate.kind === 'dropped' || fate.kind === 'rejected');
  return {
    passages,
    nodes: nodesOf(known, inDevice, whole ? fate : undefined),
    routing: routingWords(routings.findLast(({ decision }) => decision === 'local' || decision === 'forward')),
    inDevice,
    outDevice: whole && fate.kind === 'sent' ? fate.device : forward?.device,
    end: { kind: whole ? fate.kind : 'walking', place: lost || !whole ? lastPlace(known) : undefined },
  };
}

function routingWords(step: Extract<Step, { kind: 'routing' }> | undefined): string | undefined {
  if (step === undefined) return undefined;
  if (step.decision === 'local') return 'to this host';
  return step.device === undefined ? undefined : `via ${step.device}`;
}

/** Hooks in a row; the same hook again, with another in between, is another passage. */
function passagesOf(steps: readonly Step[], outline: readonly OutlineTable[]): readonly Passage[] {
  const passages: { hook: Hook; crossings: Crossing[] }[] = [];
  for (const [index, step] of steps.entries()) {
    if (!('hook' in step)) continue;
    let passage = passages.at(-1);
    if (passage?.hook !== step.hook) {
      passage = { hook: step.hook, crossings: [] };
      passages.push(passage);
    }
    const crossing = crossingOf(step, index, outline, passage.crossings);
    passage.crossings = [...passage.crossings.filter(({ place }) => place !== crossing.place), crossing];
  }
  return passages;
}

function crossingOf(
  step: Extract<Step, { hook: Hook }>,
  index: number,
  outline: readonly OutlineTable[],
  before: readonly Crossing[],
): Crossing {
  switch (step.kind) {
    case 'rule':
    case 'policy':
    case 'return':
      return tableCrossing(step, index, outline, before);
    case 'conntrack':
      return {
        place: 'conntrack',
        tone: 'conntrack',
        step: index,
        lines: [[CHANGE_WORDS[step.change]], [toned('conntrack', step.state)]],
      };
    case 'confirm':
      return { place: 'confirm', tone: 'conntrack', step: index, lines: [[CONFIRM_WORDS[step.change]]] };
    case 'nat':
      return natCrossing(step, index, before);
    case 'helper':
      return { place: 'confirm', tone: 'conntrack', step: index, lines: [['expects']] };
    case 'ipvs':
      return { place: 'ipvs', tone: 'rewritten', step: index, lines: [['taken']] };
  }
}

const CHANGE_WORDS = {
  created: 'new entry',
  updated: 'updated',
  unchanged: 'known',
  destroyed: 'deleted',
  none: 'no entry',
} as const;

const CONFIRM_WORDS = { confirmed: 'confirmed', already: 'already', clash: 'clash', none: 'nothing' } as const;

type PlaceStep = Extract<Step, { kind: 'rule' | 'policy' | 'return' }>;

/** `rule 1 ACCEPT` over `of 3, policy DROP`; in a chain of the user's `web:2 ACCEPT`. */
function tableCrossing(
  step: PlaceStep,
  index: number,
  outline: readonly OutlineTable[],
  before: readonly Crossing[],
): Crossing {
  const base = outline.find(({ name }) => name === step.table)?.chains.find(({ name }) => name === step.hook);
  const rules = base?.rules.length ?? 0;
  const policy = base?.policy ?? 'ACCEPT';
  const of: Words = [`of ${rules}, policy ${policy}`];
  const crossed = { place: step.table, tone: 'way' as const, step: index };
  if (step.kind === 'policy') {
    const after = rules === 0 ? 'no rules' : rules === 1 ? 'after 1 rule' : `after ${rules} rules`;
    return { ...crossed, lines: [[toned(verdictTone(step.verdict), `policy ${step.verdict}`)], [after]] };
  }
  if (step.kind === 'rule' && step.matched && !/^(jump|goto) |^$/.test(step.verdict)) {
    const place = step.chain === step.hook ? `rule ${step.number}` : `${step.chain}:${step.number}`;
    const kept = isFinal(step.verdict) ? [] : markedLines(before, step.table);
    const line: Words = [`${place} `, toned(verdictTone(step.verdict), step.verdict)];
    return { ...crossed, lines: kept.length > 0 ? [line, ...kept.slice(0, 1)] : [line, of] };
  }
  const so = before.find(({ place }) => place === step.table);
  return so ? { ...so, step: index } : { ...crossed, lines: [[`${step.chain} ${step.number}`], of] };
}

/** What a target that lets the walk go on has said of this table already. */
function markedLines(before: readonly Crossing[], table: TableName): readonly Words[] {
  const lines = before.find(({ place }) => place === table)?.lines ?? [];
  return lines.filter((line) => line.some((piece) => typeof piece !== 'string'));
}

function natCrossing(step: Extract<Step, { kind: 'nat' }>, index: number, before: readonly Crossing[]): Crossing {
  const asked = before.find(({ place }) => place === 'nat');
  const crossed = { place: 'nat' as const, step: index };
  const side = step.hook === 'PREROUTING' || step.hook === 'OUTPUT' ? 'destination' : 'source';
  switch (step.change) {
    case 'bound':
      return { ...crossed, tone: 'rewritten', lines: [asked?.lines[0] ?? [], [toned('rewritten', side)]] };
    case 'applied':
      return { ...crossed, tone: 'rewritten', lines: [asked?.lines[0] ?? ['as its flow'], [toned('rewritten', side)]] };
    case 'null':
      return { ...crossed, tone: 'way', lines: asked?.lines ?? [['unchanged']] };
    case 'skipped':
      return { ...crossed, tone: 'quiet', lines: [['not asked']] };
  }
}

function lastPlace(steps: readonly Step[]): PlaceName | undefined {
  const last = steps.findLast((step) => step.kind !== 'end' && step.kind !== 'stack');
  if (last === undefined || !('hook' in last)) return undefined;
  if (last.kind === 'helper') return 'confirm';
  return 'table' in last ? last.table : last.kind;
}

/** Hooks and what lies between them, in order. @param fate undefined while the way is walked */
function nodesOf(steps: readonly Step[], inDevice: string | undefined, fate: Fate | undefined): readonly NodeName[] {
  const nodes: NodeName[] = [inDevice === undefined ? 'process' : 'in'];
  for (const step of steps) {
    const last = nodes.at(-1);
    if (step.kind === 'routing') {
      if (step.decision !== 'output' && last !== 'routing') nodes.push('routing');
    } else if ('hook' in step && last !== step.hook) nodes.push(...between(last, step.hook), step.hook);
  }
  if (fate?.kind === 'sent') nodes.push('out');
  if (fate?.kind === 'delivered') nodes.push('process');
  return nodes;
}

/** Nodes that no step speaks of: the loopback's way out and in again, IPVS' way from INPUT to OUTPUT. */
function between(last: NodeName | undefined, hook: Hook): readonly NodeName[] {
  if (last === 'POSTROUTING' && hook === 'PREROUTING') return ['out', 'in'];
  if (last === 'PREROUTING') return ['routing'];
  return last === 'INPUT' && hook === 'OUTPUT' ? ['process'] : [];
}
