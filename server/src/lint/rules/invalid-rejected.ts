import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { lonePacket } from '../flow-witness';
import { suffersAs } from '../harm';
import { decidedBy, type Outcome, outcomesOf } from '../outcomes';
import { pickPacket } from '../pick-packet';
import { lineBefore, stateSpan, targetSpan } from '../places';
import { asksFor } from '../state-words';
import { STRAY_FIN, STRAY_FIN_FLAGS } from '../stray-packets';
import { hasTarget, rulesOf } from '../table-rules';
import type { WayName } from '../way';

export const invalidRejected = defineRule({
  code: 'invalid-rejected',
  title: 'INVALID packets are answered, not dropped',
  severity: 'information',
  group: 'state',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'A REJECT takes INVALID packets: one that asks for them is an information, a REJECT of everything that is left with',
      'no rule before it that drops INVALID, a hint.',
    ),
    why: paragraphs(
      'A segment that comes late, or twice, or outside the window is INVALID although its connection lives. A RST or an',
      'ICMP error in answer to it reaches the peer of that connection, which may give it up.',
    ),
    instead: 'Drop INVALID without a word, above the REJECT: `-m conntrack --ctstate INVALID -j DROP`.',
    suppress: 'Where the peers are known not to mind.',
  },
  kernel: ['net/ipv4/netfilter/ipt_REJECT.c:reject_tg', 'net/netfilter/nf_conntrack_proto_tcp.c:tcp_in_window'],
  bad: [
    {
      title: 'INVALID is rejected by name',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j REJECT --reject-with icmp-port-unreachable
#                     ^^^^^^^^^^^^^^^^^ INVALID
COMMIT
`,
      fixed: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate INVALID -j REJECT --reject-with icmp-port-unreachable
COMMIT
`,
    },
    {
      title: 'A RST for each, by way of a chain',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:bad - [0:0]
-A INPUT -m state --state INVALID -j bad
#                 ^^^^^^^^^^^^^^^ INVALID
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A bad -p tcp -j REJECT --reject-with tcp-reset
-A bad -j DROP
COMMIT
`,
    },
    {
      title: 'All that is left is rejected: a hint',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
#        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ INVALID
COMMIT
`,
      fixed: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -j REJECT --reject-with icmp-host-prohibited
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'INVALID is dropped before',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
COMMIT
`,
    },
    {
      title: 'Only what begins is rejected',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m state --state NEW -j REJECT --reject-with tcp-reset
COMMIT
`,
    },
    {
      title: 'One port is rejected, in a firewall that asks for no state',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 113 -j REJECT --reject-with tcp-reset
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const rules = rulesOf(context.ruleset, 'filter');
  if (
    !rules.some((ref) => hasTarget(ref, 'REJECT')) ||
    !rules.some(({ rule }) => asksFor(rule, 'ESTABLISHED') || asksFor(rule, 'INVALID'))
  ) {
    return [];
  }
  const reports = new Map<number, Report>();
  for (const way of ['INPUT', 'FORWARD'] as const) {
    const rejected = (outcomesOf(context, way, STRAY_FIN, 'INVALID') ?? []).filter(
      ({ verdict, certain }) => verdict === 'reject' && certain,
    );
    for (const outcome of rejected) {
      const line = decidedBy(outcome, way).at(-1)?.rule.line ?? -1;
      const one = reports.has(line) ? undefined : report(context, way, outcome);
      if (one) reports.set(line, one);
    }
  }
  return [...reports.values()];
}

function report(context: LintContext, way: WayName, outcome: Outcome): Report | undefined {
  const path = decidedBy(outcome, way);
  const asking = path.find(({ rule }) => asksFor(rule, 'INVALID'));
  const rejecting = path.at(-1);
  const isForPorts = outcome.box.dport !== undefined || outcome.box.sport !== undefined;
  if (rejecting === undefined || (asking === undefined && isForPorts)) return undefined;
  const packet = pickPacket(context.walker().space, outcome.box, way);
  const { table, chain, number } = rejecting;
  const witness =
    packet &&
    lonePacket(packet, way, context.hints, 'taken', { flags: STRAY_FIN_FLAGS, rule: { table, chain, number } });
  if (witness === undefined || !suffersAs(context.ruleset, witness, 'INVALID')) return undefined;
  const above = asking ?? path[0] ?? rejecting;
  const edit = lineBefore(context.document, above, `-A ${above.chain} -m conntrack --ctstate INVALID -j DROP`);
  const scope = { kind: 'packets' as const, of: { states: ['INVALID' as const] } };
  return {
    severity: asking ? 'information' : 'hint',
    span: asking ? stateSpan(context.document, asking) : targetSpan(context.document, rejecting),
    message: [
      `${nameOf(rejecting)} answers INVALID packets${asking ? '' : ' too, which no rule before it drops'}:`,
      'a late segment of a living connection is one, and the answer may end it. Drop INVALID above it.',
    ].join(' '),
    related: [],
    fixes: edit ? [{ title: 'Drop INVALID above it', edits: [edit], safe: false, scope }] : [],
    witness,
  };
}
