/** What is said of packets that are lost because conntrack does not see them, or their other half. */
import type { CtState } from '../../../src-sim/conntrack/entry';
import { type Box, intersectBoxes } from '../analysis/packet-set';
import { CT_STATES, statesOf } from '../analysis/packet-space';
import { packetsOfPath, type RuleRef, splitByRule, type Walker } from '../analysis/rule-packets';
import type { Decision } from '../analysis/set-walk';
import { acceptUntracked } from './accept-untracked';
import { type LintContext, nameOf, type Report } from './define';
import type { RelatedPlace } from './finding';
import { describeBox, narrowed } from './packet-words';
import { policySpan, ruleSpan, targetSpan } from './places';
import {
  findUntrackedLosses,
  hasTwin,
  hasUntracking,
  isLikely,
  type UntrackedLoss,
  waitsForState,
} from './untracked-flows';
import { confirmLoss } from './untracked-witness';
import { MIRROR_WAY, mirrorBox, startOf } from './way';

export interface LossReport {
  readonly loss: UntrackedLoss;
  readonly report: Report;
}

/** `untracked`: packets that are un-tracked themselves; `alone`: answers that are tracked, though what they answer was not. */
export function lossReports(context: LintContext, kind: UntrackedLoss['kind']): readonly LossReport[] {
  if (!hasUntracking(context.ruleset)) return [];
  const walker = context.walker();
  const groups = new Map<string, UntrackedLoss[]>();
  for (const loss of findUntrackedLosses(walker, context.hints).filter((one) => one.kind === kind)) {
    const key = `${loss.way} ${loss.untrackedBy.at(-1)?.rule.line}`;
    groups.set(key, [...(groups.get(key) ?? []), loss]);
  }
  return [...groups.values()].flatMap((losses) => reportOf(context, walker, losses) ?? []);
}

/** So many candidates of one finding are put to the simulator. */
const MOST_TRIES = 5;

/** One finding for a NOTRACK and a chain, whatever the number of rules in that chain that would accept. */
function reportOf(context: LintContext, walker: Walker, losses: readonly UntrackedLoss[]): LossReport | undefined {
  // What would be accepted as NEW says more than what would be let back in.
  const opening = losses.filter(({ as }) => as === 'NEW');
  const candidates = opening.length > 0 ? opening : losses;
  for (const loss of candidates.slice(0, MOST_TRIES)) {
    const untrackedBy = loss.untrackedBy.at(-1);
    const witness = confirmLoss(walker, loss, context.hints);
    if (witness === undefined || untrackedBy === undefined) continue;
    // Where nobody's client would sit the loss is true, but a wider door would be worse.
    const fix = isLikely(loss) ? acceptUntracked(context, walker, candidates, witness) : undefined;
    const report: Report = {
      ...(isLikely(loss) ? {} : { severity: 'information' as const }),
      span: targetSpan(context.document, untrackedBy),
      message: messageFor(context, walker, loss, untrackedBy),
      related: relatedTo(context, walker, loss),
      fixes: fix ? [fix] : [],
      witness,
    };
    return { loss, report };
  }
  return undefined;
}

function messageFor(context: LintContext, walker: Walker, loss: UntrackedLoss, untrackedBy: RuleRef): string {
  const waiting = waitingRule(walker, loss);
  const end = `${loss.denied.verdict === 'reject' ? 'rejected' : 'dropped'} by ${denierName(loss.denied)}`;
  const packets = describeBox(walker.space, askedFor(context, walker, loss));
  if (loss.kind === 'alone') {
    const waits = waiting === undefined ? '' : `, as ${nameOf(waiting)} wants them`;
    return [
      `${nameOf(untrackedBy)} takes packets out of conntrack, but in ${rawChain(loss)} nothing does so for their answers:`,
      `${packets} is tracked alone, never ESTABLISHED${waits}, and ${end}.`,
      'NOTRACK the answers too, and accept them as UNTRACKED.',
    ].join(' ');
  }
  const waits =
    waiting === undefined ? '' : `${nameOf(waiting)} lets it through only as ${statesText(walker, waiting, loss)}, so `;
  return [
    `${nameOf(untrackedBy)} takes ${packets} out of conntrack: ${waits}as UNTRACKED it is ${end}.`,
    'Accept it as UNTRACKED.',
    ...(hasTwin(walker, loss, context.hints)
      ? []
      : [`Its answers need a NOTRACK in ${rawChain({ way: MIRROR_WAY[loss.way] })} too.`]),
  ].join(' ');
}

/** What the two rules ask for together: fewer words than what is left for them by the rules before. */
function askedFor(
  { hints }: LintContext,
  walker: Walker,
  { kind, untrackedBy, accepted, victims, way }: UntrackedLoss,
): Box {
  const [untracked] = packetsOfPath(walker, untrackedBy, {});
  const [wanted] = packetsOfPath(walker, accepted.path, {});
  if (untracked === undefined || wanted === undefined) return narrowed(victims, startOf(walker.space, way, hints));
  const own = kind === 'alone' ? mirrorBox(untracked.box) : untracked.box;
  return intersectBoxes(own, wanted.box) ?? own;
}

function relatedTo({ document }: LintContext, walker: Walker, loss: UntrackedLoss): readonly RelatedPlace[] {
  const waiting = waitingRule(walker, loss);
  const denier = loss.denied.path.at(-1);
  const denial = denier ? ruleSpan(document, denier) : policySpan(document, loss.denied);
  return [
    ...(waiting ? [{ span: ruleSpan(document, waiting), message: 'the rule that waits for a state' }] : []),
    ...(denial ? [{ span: denial, message: `what ${loss.denied.verdict}s the packets instead` }] : []),
  ];
}

/** The rule on the way to acceptance that an UNTRACKED packet does not pass. */
function waitingRule(walker: Walker, loss: UntrackedLoss): RuleRef | undefined {
  return loss.accepted.path.find((ref) => waitsForState(walker, ref, loss.victims));
}

function statesText(walker: Walker, ref: RuleRef, loss: UntrackedLoss): string {
  const taken = CT_STATES.filter((state) => takesState(walker, ref, loss, state));
  return taken.join(' or ');
}

function takesState(walker: Walker, ref: RuleRef, { victims }: UntrackedLoss, state: CtState): boolean {
  return splitByRule(walker, { ...victims, state: statesOf(state) }, ref.rule).taken.length > 0;
}

function denierName({ hook, table, path, verdict }: Decision): string {
  const rule = path.at(-1);
  return rule ? nameOf(rule) : `${table}:${hook}'s policy ${verdict.toUpperCase()}`;
}

/** The chain in which packets on this way can be taken out of conntrack. */
function rawChain({ way }: Pick<UntrackedLoss, 'way'>): string {
  return way === 'OUTPUT' ? 'raw:OUTPUT' : 'raw:PREROUTING';
}
