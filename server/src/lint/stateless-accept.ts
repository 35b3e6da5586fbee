/** Cures for a director's rules that wait for a state: accept the service without one, or take it out of conntrack. */

import { addressRange } from '../../../src-sim/net/address-interval';
import { isSubset } from '../../../src-sim/net/interval-set';
import { createDocument } from '../analysis/document';
import { lower } from '../analysis/lower';
import { type Box, intersectBoxes } from '../analysis/packet-set';
import { points, statesOf } from '../analysis/packet-space';
import { findRule, packetsOfPath, type RuleRef, type Walker } from '../analysis/rule-packets';
import type { LintContext } from './define';
import { type DirectorLoss, runConnection, type Virtual } from './director';
import { beforeIpvs } from './director-hints';
import { applyEdits, type Fix, type TextEdit } from './finding';
import { printBox } from './packet-words';
import { firstInRaw, lineBefore, moveBefore, withoutMatch } from './places';

const STATE_MATCHES = ['conntrack', 'state'];

/** The fixes that the simulator agrees with, the smallest first. */
export function statelessFixes(
  context: LintContext,
  walker: Walker,
  loss: DirectorLoss,
  virtual: Virtual,
): readonly Fix[] {
  const boxes = serviceBoxes(walker, loss, virtual);
  const name = `${virtual.address}${virtual.port === undefined ? '' : `:${virtual.port}`}`;
  const plain = droppedMatch(context, walker, loss, virtual);
  const stateless = plain && helps(context, loss, plain) ? plain : insertStateless(context, walker, loss, boxes);
  const untracked = notrack(context, walker, loss, boxes);
  return [
    ...(stateless ? [{ title: `Accept ${name} without a state`, edits: stateless, safe: false }] : []),
    ...(untracked && helps(context, loss, untracked)
      ? [{ title: `NOTRACK ${name} and accept it as UNTRACKED`, edits: untracked, safe: false }]
      : []),
  ];
}

type Edits = readonly TextEdit[] | undefined;

function helps(context: LintContext, loss: DirectorLoss, edits: readonly TextEdit[]): boolean {
  const outcome = tryOut(context, loss, edits);
  return outcome === 'through' || (outcome !== undefined && outcome.hook !== loss.hook);
}

function tryOut(
  { document }: LintContext,
  loss: DirectorLoss,
  edits: readonly TextEdit[],
): ReturnType<typeof runConnection> {
  const fixed = createDocument(applyEdits(document.text, edits), document.options);
  return runConnection(beforeIpvs(fixed, lower(fixed.tree)), loss.packet, loss.witness.host);
}

/** Before the rules that let the connection begin; where an earlier rule denies its segments, before that one. */
function insertStateless(context: LintContext, walker: Walker, loss: DirectorLoss, boxes: readonly Box[]): Edits {
  let before = (loss.hook === 'INPUT' ? loss.opening : loss.expected).path[0];
  while (before !== undefined) {
    const edits = insertRule(context, walker, loss, boxes, before, []);
    const outcome = edits && tryOut(context, loss, edits);
    if (outcome === 'through' || (outcome && outcome.hook !== loss.hook)) return edits;
    const denier = outcome?.denier;
    const isEarlier = denier?.kind === 'rule' && denier.chain === loss.hook && denier.number < before.number;
    before = isEarlier ? findRule(walker.ruleset, denier) : undefined;
  }
  return undefined;
}

/** For a service that is accepted too late: its rule moved up where it is one of its own, otherwise a rule above. */
export function acceptFirst(
  context: LintContext,
  walker: Walker,
  loss: DirectorLoss,
  virtual: Virtual,
): readonly Fix[] {
  const [rule, ...others] = loss.opening.path;
  const denier = findRule(walker.ruleset, loss.denier);
  if (rule === undefined || denier === undefined) return [];
  const isOwn = others.length === 0 && isForService(walker, rule, virtual);
  const moved = isOwn && rule.chain === denier.chain ? moveBefore(context.document, rule, denier) : undefined;
  if (moved && helps(context, loss, moved))
    return [{ title: `Move it above ${denier.chain}:${denier.number}`, edits: moved, safe: false }];
  const inserted = insertStateless(context, walker, loss, serviceBoxes(walker, loss, virtual));
  return inserted ? [{ title: `Accept ${virtual.address} above it`, edits: inserted, safe: false }] : [];
}

/** Where the rule is for the service alone, its state match is all that is too much. */
function droppedMatch({ document }: LintContext, walker: Walker, loss: DirectorLoss, virtual: Virtual): Edits {
  const [rule, ...others] = loss.opening.path;
  if (rule === undefined || others.length > 0 || loss.hook !== 'INPUT') return undefined;
  const edit = isForService(walker, rule, virtual) ? withoutMatch(document, rule, STATE_MATCHES) : undefined;
  return edit && [edit];
}

/** Whether the rule takes nothing but the virtual address's packets, with any flags. */
function isForService(walker: Walker, rule: RuleRef, virtual: Virtual): boolean {
  const own = addressRange(virtual.address, virtual.address);
  const pieces = packetsOfPath(walker, [rule], {});
  return pieces.every(({ box }) => box.dst !== undefined && isSubset(box.dst, own) && box.tcpFlags === undefined);
}

function insertRule(
  { document }: LintContext,
  walker: Walker,
  loss: DirectorLoss,
  boxes: readonly Box[],
  before: RuleRef,
  more: readonly string[],
): Edits {
  const rules = boxes.map(({ in: device, ...anywhere }) => {
    const words = printBox(walker.space, loss.hook === 'INPUT' && device ? { ...anywhere, in: device } : anywhere);
    return words && ['-A', loss.hook, ...words, ...more, '-j', 'ACCEPT'].join(' ');
  });
  if (rules.length !== 1 || rules[0] === undefined) return undefined;
  const edit = lineBefore(document, before, rules[0]);
  return edit && [edit];
}

function notrack(context: LintContext, walker: Walker, loss: DirectorLoss, boxes: readonly Box[]): Edits {
  const [first] = loss.opening.path;
  const [box] = boxes;
  if (first === undefined || box === undefined || boxes.length !== 1 || loss.hook !== 'INPUT') return undefined;
  const words = printBox(walker.space, box);
  const untrack =
    words && firstInRaw(context.document, ['-A', 'PREROUTING', ...words, '-j', 'CT', '--notrack'].join(' '));
  const state = ['-m', 'conntrack', '--ctstate', 'UNTRACKED'];
  const accept = insertRule(context, walker, loss, boxes, first, state);
  if (untrack === undefined || accept === undefined) return undefined;
  return [untrack, ...accept].sort((a, b) => a.span.start - b.span.start);
}

/** What the rules that let the connection begin take, narrowed to the service, in whatever state and with any flags. */
function serviceBoxes(walker: Walker, { opening }: DirectorLoss, virtual: Virtual): readonly Box[] {
  const service: Box = {
    dst: addressRange(virtual.address, virtual.address),
    ...(virtual.port === undefined ? {} : { dport: points([virtual.port]) }),
  };
  const pieces = packetsOfPath(walker, opening.path, { state: statesOf('NEW') });
  if (pieces.some(({ exact }) => !exact)) return [];
  return pieces.flatMap(({ box: { state: _, tcpFlags: __, ...box } }) => intersectBoxes(box, service) ?? []);
}
