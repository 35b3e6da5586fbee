import type { CtState } from '../../../../src-sim/conntrack/entry';
import { type Box, intersectBoxes } from '../../analysis/packet-set';
import { CT_STATES, statesOf } from '../../analysis/packet-space';
import { packetsOfPath, type RuleRef, splitByRule, type Walker } from '../../analysis/rule-packets';
import type { Decision } from '../../analysis/set-walk';
import { acceptUntracked } from '../accept-untracked';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { RelatedPlace } from '../finding';
import { describeBox, narrowed } from '../packet-words';
import { policySpan, ruleSpan, targetSpan } from '../places';
import {
  findUntrackedLosses,
  hasTwin,
  hasUntracking,
  isLikely,
  type UntrackedLoss,
  waitsForState,
} from '../untracked-flows';
import { confirmLoss } from '../untracked-witness';
import { MIRROR_WAY, mirrorBox, startOf } from '../way';

export const notrackWithoutUntracked = defineRule({
  code: 'notrack-without-untracked',
  title: 'NOTRACKed packets that no rule accepts',
  severity: 'warning',
  group: 'notrack',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'Packets that `raw` takes out of conntrack (`-j NOTRACK`, `-j CT --notrack`) reach a chain that accepts them only',
      'by a state, and denies the rest: no rule accepts them as `UNTRACKED`, or without a state.',
    ),
    why: paragraphs(
      'A packet without a conntrack entry has the state `UNTRACKED` in every table behind `raw`. It matches none of the',
      'other four: not `NEW`, not `ESTABLISHED`, not `RELATED`, and not `INVALID` either. So the rules that accept the',
      'service are passed over, and the policy, or the rule at the end, takes the packet.',
      '',
      'Both directions count. `NOTRACK` in `PREROUTING` is for what comes in; the answers of a local service leave',
      'through `OUTPUT`. Where those are not taken out of conntrack too, conntrack sees them without the packets that',
      'they answer: an answer over UDP is then `NEW`, a SYN+ACK is `INVALID`, and neither is ever `ESTABLISHED`.',
    ),
    instead: paragraphs(
      'Accept the packets as `--ctstate UNTRACKED`, narrowed by the same protocol and ports as the `NOTRACK`, in each',
      'chain that they pass; and have a `NOTRACK` for each direction, with ports and interfaces exchanged. Or drop the',
      '`NOTRACK`: an entry in the table costs less than 300 bytes.',
    ),
    suppress: 'Where the packets are meant to die, and raw is only meant to spare conntrack the work.',
  },
  kernel: [
    'net/netfilter/xt_CT.c:notrack_tg',
    'net/netfilter/nf_conntrack_core.c:nf_conntrack_in',
    'net/netfilter/xt_conntrack.c:conntrack_mt',
  ],
  bad: [
    {
      title: 'A web server: nothing accepts its un-tracked requests',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j NOTRACK
#                                      ^^^^^^^^^^ tcp to port 80
-A OUTPUT -p tcp -m tcp --sport 80 -j NOTRACK
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m multiport --dports 22,80,443 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
      fixed: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j NOTRACK
-A OUTPUT -p tcp -m tcp --sport 80 -j NOTRACK
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m multiport --dports 22,80,443 -m conntrack --ctstate NEW -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -m conntrack --ctstate UNTRACKED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A resolver: its own queries are un-tracked, and no answer is ever ESTABLISHED',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --sport 53 -j CT --notrack
#                                      ^^^^^^^^^^^^^^^ udp from port 53
-A OUTPUT -p udp -m udp --dport 53 -j CT --notrack
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
      fixed: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --sport 53 -j CT --notrack
-A OUTPUT -p udp -m udp --dport 53 -j CT --notrack
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p udp -m udp --sport 53 -m conntrack --ctstate UNTRACKED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'One direction only: queries come in un-tracked, the answers are tracked alone and never leave',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i eth0 -p udp -m udp --dport 53 -j CT --notrack
#                                              ^^^^^^^^^^^^^^^ in raw:OUTPUT nothing does so for their answers
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -p udp -m udp --dport 53 -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
      fixed: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i eth0 -p udp -m udp --dport 53 -j CT --notrack
-A OUTPUT -o eth0 -p udp -m udp --sport 53 -j CT --notrack
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -p udp -m udp --dport 53 -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -o eth0 -p udp -m udp --sport 53 -m conntrack --ctstate UNTRACKED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A router: the state is asked for where the chain of services is entered',
      code: `*raw
:PREROUTING ACCEPT [0:0]
-A PREROUTING -d 192.0.2.53/32 -p udp -m udp --dport 53 -j CT --notrack
#                                                       ^^^^^^^^^^^^^^^ filter:FORWARD:2 (line 11) lets it through only as NEW
-A PREROUTING -s 192.0.2.53/32 -p udp -m udp --sport 53 -j CT --notrack
#                                                       ^^^^^^^^^^^^^^^ filter:FORWARD:1 (line 10)
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:services - [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -m conntrack --ctstate NEW -j services
-A FORWARD -j REJECT --reject-with icmp-port-unreachable
-A services -d 192.0.2.53/32 -p udp -m udp --dport 53 -j ACCEPT
COMMIT
`,
      fixed: `*raw
:PREROUTING ACCEPT [0:0]
-A PREROUTING -d 192.0.2.53/32 -p udp -m udp --dport 53 -j CT --notrack
-A PREROUTING -s 192.0.2.53/32 -p udp -m udp --sport 53 -j CT --notrack
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:services - [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -s 192.0.2.53/32 -p udp -m udp --sport 53 -m conntrack --ctstate UNTRACKED -j ACCEPT
-A FORWARD -m conntrack --ctstate NEW -j services
-A FORWARD -d 192.0.2.53/32 -p udp -m udp --dport 53 -m conntrack --ctstate UNTRACKED -j ACCEPT
-A FORWARD -j REJECT --reject-with icmp-port-unreachable
-A services -d 192.0.2.53/32 -p udp -m udp --dport 53 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Both directions are taken out of conntrack, and accepted as UNTRACKED',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 53 -j CT --notrack
-A OUTPUT -p udp -m udp --sport 53 -j CT --notrack
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p udp -m udp --dport 53 -m conntrack --ctstate NEW,UNTRACKED -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED,UNTRACKED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The service is accepted without a state',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j NOTRACK
-A OUTPUT -p tcp -m tcp --sport 80 -j NOTRACK
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'What is un-tracked is not what the chain would have accepted',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i eth1 -p udp -m udp --dport 123 -j NOTRACK
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i eth0 -m conntrack --ctstate NEW,RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The packets are meant to be dropped: a rule says so by name',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 1900 -j NOTRACK
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m udp --dport 1900 -m conntrack ! --ctstate ESTABLISHED -j DROP
-A INPUT -m conntrack --ctstate NEW,RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Nothing is denied by default',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 53 -j NOTRACK
-A OUTPUT -p udp -m udp --sport 53 -j NOTRACK
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  if (!hasUntracking(context.ruleset)) return [];
  const walker = context.walker();
  const groups = new Map<string, UntrackedLoss[]>();
  for (const loss of findUntrackedLosses(walker, context.hints)) {
    const key = `${loss.kind} ${loss.way} ${loss.untrackedBy.at(-1)?.rule.line}`;
    groups.set(key, [...(groups.get(key) ?? []), loss]);
  }
  return [...groups.values()].flatMap((losses) => report(context, walker, losses) ?? []);
}

/** So many candidates of one finding are put to the simulator. */
const MOST_TRIES = 5;

/** One finding for a NOTRACK and a chain, whatever the number of rules in that chain that would accept. */
function report(context: LintContext, walker: Walker, losses: readonly UntrackedLoss[]): Report | undefined {
  // What would be accepted as NEW says more than what would be let back in.
  const opening = losses.filter(({ as }) => as === 'NEW');
  const candidates = opening.length > 0 ? opening : losses;
  for (const loss of candidates.slice(0, MOST_TRIES)) {
    const untrackedBy = loss.untrackedBy.at(-1);
    const witness = confirmLoss(walker, loss, context.hints);
    if (witness === undefined || untrackedBy === undefined) continue;
    // Where nobody's client would sit the loss is true, but a wider door would be worse.
    const fix = isLikely(loss) ? acceptUntracked(context, walker, candidates, witness) : undefined;
    return {
      ...(isLikely(loss) ? {} : { severity: 'information' as const }),
      span: targetSpan(context.document, untrackedBy),
      message: messageFor(context, walker, loss, untrackedBy),
      related: relatedTo(context, walker, loss),
      fixes: fix ? [fix] : [],
      witness,
    };
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
