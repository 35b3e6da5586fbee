import type { RuleRef } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { flowShapes } from '../flow-shapes';
import { lonePacket } from '../flow-witness';
import { suffers } from '../harm';
import { decidedBy, type Outcome, outcomesOf } from '../outcomes';
import { ordinaryTraffic } from '../outside';
import { pickPacket } from '../pick-packet';
import { ruleSpan, stateSpan } from '../places';
import { addStates, asksFor, stateLists } from '../state-words';
import { hasTarget, rulesOf } from '../table-rules';
import { helpfulFixes } from '../try-fix';
import type { WayName } from '../way';

export const outputRelatedNeededByReject = defineRule({
  code: 'output-related-needed-by-reject',
  title: "REJECT's answers cannot leave",
  severity: 'information',
  group: 'state',
  proof: 'packets',
  docs: {
    what: 'OUTPUT accepts ESTABLISHED but not RELATED, and denies so what `-j REJECT` sends: REJECT acts like DROP.',
    why: paragraphs(
      'REJECT makes a packet of its own, an ICMP error or a RST, and sends it through `OUTPUT` like any other. It belongs',
      'to the flow that it refuses and is RELATED. Where OUTPUT denies that, nobody is told: clients wait for a time-out,',
      'which is what REJECT was to spare them.',
    ),
    instead: 'Accept `RELATED,ESTABLISHED` in OUTPUT.',
    suppress: 'Where silence is meant; then `-j DROP` says so.',
  },
  kernel: [
    'net/ipv4/netfilter/nf_reject_ipv4.c:nf_send_reset',
    'net/netfilter/nf_conntrack_core.c:nf_conntrack_attach',
  ],
  bad: [
    {
      title: 'The RST stays inside',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -p tcp -m tcp --dport 23 -j REJECT --reject-with tcp-reset
-A OUTPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
#                      ^^^^^^^^^^^^^^^^^^^^^ RELATED
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -p tcp -m tcp --dport 23 -j REJECT --reject-with tcp-reset
-A OUTPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The last word of INPUT is a REJECT',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A OUTPUT -m state --state NEW,ESTABLISHED -j ACCEPT
#                  ^^^^^^^^^^^^^^^^^^^^^^^ RELATED
-A OUTPUT -j DROP
COMMIT
`,
    },
    {
      title: 'A router refuses on behalf of others',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:refuse - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan0 -p tcp -m tcp --dport 25 -j refuse
-A FORWARD -i lan0 -j ACCEPT
-A OUTPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
#                      ^^^^^^^^^^^^^^^^^^^^^ RELATED
-A OUTPUT -p udp -m udp --dport 53 -j ACCEPT
-A refuse -p tcp -j REJECT --reject-with tcp-reset
-A refuse -j REJECT --reject-with icmp-admin-prohibited
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'OUTPUT accepts RELATED too',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -p tcp -m tcp --dport 23 -j REJECT --reject-with tcp-reset
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'REJECT answers with ICMP alone, and OUTPUT lets ICMP out',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -p udp -j REJECT --reject-with icmp-port-unreachable
-A OUTPUT -p icmp -j ACCEPT
-A OUTPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Nothing is rejected',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -p icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A OUTPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: (context) => report(context) ?? [] },
});

const MOST_TRIES = 6;

function report(context: LintContext): readonly Report[] | undefined {
  const accepting = waitingRule(context);
  if (accepting === undefined || !rejects(context)) return undefined;
  const tries = (['INPUT', 'FORWARD'] as const).flatMap((way) =>
    flowShapes(context.ruleset.family).flatMap(({ opening }) =>
      (outcomesOf(context, way, opening, 'NEW') ?? [])
        .filter(({ verdict, certain }) => verdict === 'reject' && certain)
        .map((outcome) => ({ way, outcome })),
    ),
  );
  for (const { way, outcome } of tries.slice(0, MOST_TRIES)) {
    const found = findingFor(context, accepting, way, outcome);
    if (found !== undefined) return [found];
  }
  return undefined;
}

function findingFor(context: LintContext, accepting: RuleRef, way: WayName, outcome: Outcome): Report | undefined {
  const walker = context.walker();
  const box = way === 'FORWARD' ? ordinaryTraffic(walker, outcome.box) : outcome.box;
  const packet = box && pickPacket(walker.space, box, way);
  const witness = packet && lonePacket(packet, way, context.hints, 'unanswered');
  const rejecting = decidedBy(outcome, way).at(-1);
  if (witness === undefined || rejecting === undefined || !suffers(context.ruleset, witness)) return undefined;
  const [list] = stateLists(context.document, accepting).filter(({ inverted }) => !inverted);
  const fix = list && {
    title: 'Add RELATED',
    edits: [addStates(list, ['RELATED'])],
    safe: false,
    scope: { kind: 'packets' as const, of: { states: ['RELATED' as const] } },
  };
  return {
    span: stateSpan(context.document, accepting),
    message: [
      `${nameOf(rejecting)} rejects packets, but its answer is RELATED, and OUTPUT accepts ESTABLISHED alone`,
      `(${nameOf(accepting)}): nobody is told, as if it were a DROP. Accept RELATED here too.`,
    ].join(' '),
    related: [{ span: ruleSpan(context.document, rejecting), message: 'the rule whose answers stay inside' }],
    fixes: helpfulFixes(context, witness, [fix]),
    witness,
  };
}

/** The rule of OUTPUT that accepts ESTABLISHED and not RELATED. */
function waitingRule({ ruleset }: LintContext): RuleRef | undefined {
  return rulesOf(ruleset, 'filter', 'OUTPUT').find(
    ({ rule }) => asksFor(rule, 'ESTABLISHED') && !asksFor(rule, 'RELATED'),
  );
}

function rejects({ ruleset }: LintContext): boolean {
  return rulesOf(ruleset, 'filter').some((ref) => hasTarget(ref, 'REJECT'));
}
