/** Words for rules that no packet meets: which rules take its packets, and what they make of them. */
import { type IntervalSet, subtract } from '../../../src-sim/net/interval-set';
import { protocolName } from '../../../src-sim/net/protocol';
import type { Document } from '../analysis/document';
import type { Box } from '../analysis/packet-set';
import type { Space } from '../analysis/packet-space';
import { effectOf, type RuleRef } from '../analysis/rule-packets';
import { nameOf } from './define';
import type { FixScope, RelatedPlace } from './finding';
import { ruleSpan } from './places';

export type Decides = 'accept' | 'deny' | undefined;

/** Undefined for rules that decide nothing by themselves. */
export function decisionOf({ rule }: RuleRef): Decides {
  const kind = effectOf(rule.target)?.kind;
  if (kind === 'accept') return 'accept';
  return kind === 'drop' || kind === 'reject' ? 'deny' : undefined;
}

const MOST_NAMES = 3;

/** `filter:INPUT:1 (line 4) and filter:INPUT:2 (line 5)`. */
export function namesOf(refs: readonly RuleRef[]): string {
  const names = refs.slice(0, MOST_NAMES).map(nameOf);
  if (refs.length > MOST_NAMES) return `${names.join(', ')} and ${refs.length - MOST_NAMES} more`;
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

export function placesOf(document: Document, refs: readonly RuleRef[], message: string): readonly RelatedPlace[] {
  return refs.map((ref) => ({ span: ruleSpan(document, ref), message }));
}

const MOST_MEMBERS = 64;

/** The packets of a box, as far as a fix can say whom it changes. */
export function scopeOf(space: Space, box: Box): FixScope {
  const protocols = membersOf(box.protocol)?.map((number) => protocolName(number));
  const ports = membersOf(box.dport) ?? membersOf(box.sport);
  const inside = box.in && namesIn(space, box.in);
  return {
    kind: 'packets',
    of: { ...(protocols && { protocols }), ...(ports && { ports }), ...(inside && { inside }) },
  };
}

function membersOf(set: IntervalSet | undefined): readonly number[] | undefined {
  const size = set?.reduce((sum, { start, end }) => sum + Number(end) - Number(start), 0) ?? Infinity;
  if (set === undefined || size > MOST_MEMBERS) return undefined;
  return set.flatMap(({ start, end }) =>
    Array.from({ length: Number(end) - Number(start) }, (_, index) => Number(start) + index),
  );
}

/** Undefined where an interface that no rule names is among them. */
function namesIn({ interfaces }: Space, set: IntervalSet): readonly string[] | undefined {
  const nameless = interfaces.length - 1;
  if (subtract(set, [{ start: 0, end: nameless }]).length > 0) return undefined;
  return membersOf(set)?.map((index) => interfaces[index] ?? '');
}
