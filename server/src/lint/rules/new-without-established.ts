import { type BrokenFlow, confirmBroken, cutOnTheirWay, cutOnTheWayBack, openerOf } from '../broken-flows';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { acceptEstablished, denierText } from '../established';
import { decidedBy } from '../outcomes';
import { ruleSpan, stateSpan } from '../places';
import { asksFor } from '../state-words';
import { helpfulFixes } from '../try-fix';
import type { WayName } from '../way';

export const newWithoutEstablished = defineRule({
  code: 'new-without-established',
  title: 'Connections may begin, but not go on',
  severity: 'error',
  group: 'state',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'A chain that denies what nobody names lets the first packet of a connection through, and no rule of it accepts',
      'the packets that follow, which are ESTABLISHED.',
    ),
    why: paragraphs(
      'NEW is a packet of a flow of which one direction only has been seen. As soon as the answer has passed the host,',
      'everything else of the connection is ESTABLISHED: a rule that accepts NEW alone lets in the SYN, and the ACK that',
      'completes the handshake is denied. In `FORWARD` the answer itself passes the same chain, and is the first to die.',
    ),
    instead: 'Accept `RELATED,ESTABLISHED` in the chain, above the rules that say who may begin.',
    suppress: 'Where the rest of the connection is accepted by rules that another program adds.',
  },
  kernel: ['net/netfilter/nf_conntrack_core.c:resolve_normal_ct', 'net/netfilter/xt_conntrack.c:conntrack_mt'],
  bad: [
    {
      title: 'Nobody can log in: the handshake is never completed',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
#                                              ^^^^^^^^^^^^^ lets connections begin
-A INPUT -p tcp -m multiport --dports 80,443 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80,443 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A router: requests go out, answers do not come back; a warning',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:lan-out - [0:0]
-A FORWARD -i lan0 -o wan0 -j lan-out
-A FORWARD -j REJECT --reject-with icmp-admin-prohibited
-A lan-out -p tcp -m multiport --dports 80,443 -m state --state NEW,ESTABLISHED -j ACCEPT
#                                                       ^^^^^^^^^^^^^^^^^^^^^^^ lets connections begin
COMMIT
`,
    },
    {
      title: 'ESTABLISHED is accepted for TCP alone',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -p udp -m state --state NEW -m udp --dport 1194 -j ACCEPT
#                        ^^^^^^^^^^^ lets connections begin
-A INPUT -j DROP
COMMIT
`,
    },
    {
      title: 'What the host itself begins',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -p tcp -m conntrack --ctstate NEW -m multiport --dports 80,443 -j ACCEPT
#                             ^^^^^^^^^^^^^ lets connections begin
-A OUTPUT -p udp -m udp --dport 53 -j ACCEPT
COMMIT
`,
    },
    {
      title: "The host's own questions go out, and INPUT knows no answers",
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -p tcp -m tcp --sport 22 -m state --state ESTABLISHED -j ACCEPT
-A OUTPUT -p udp -m udp --dport 53 -m state --state NEW,ESTABLISHED -j ACCEPT
#                                           ^^^^^^^^^^^^^^^^^^^^^^^ their answer is ESTABLISHED
COMMIT
`,
    },
    {
      title: 'IPv6',
      family: 'ipv6',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -m conntrack ! --ctstate INVALID,ESTABLISHED -j ACCEPT
#                                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ lets connections begin
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'ESTABLISHED is accepted first',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The service is accepted in whatever state',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m recent --set --name ssh --mask 255.255.255.255 --rsource
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p icmp -j ACCEPT
COMMIT
`,
    },
    {
      title: 'In a chain that is entered for NEW alone, behind the jump for everything else',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:known - [0:0]
:services - [0:0]
-A INPUT -j known
-A INPUT -m state --state NEW -j services
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A known -m state --state INVALID -j DROP
-A known -m state ! --state NEW -j ACCEPT
-A services -p tcp -m multiport --dports 22,25,587 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A router with rules for both directions',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i lan0 -o wan0 -j ACCEPT
-A FORWARD -i wan0 -o lan0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Log messages are forwarded one way, and nobody answers them',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -d 10.0.0.9/32 -p udp -m udp --dport 514 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

const WAYS: readonly WayName[] = ['INPUT', 'FORWARD', 'OUTPUT'];

/** One finding for a chain: one rule mends them all. */
function check(context: LintContext): readonly Report[] {
  const cut = WAYS.flatMap((way) => report(context, cutOnTheirWay(context, way), way) ?? []);
  // What rules of OUTPUT let begin is answered through INPUT.
  const unheard = report(context, cutOnTheWayBack(context, 'OUTPUT'), 'INPUT');
  const isTold = cut.some(({ fixes }) => fixes.some(({ title }) => unheard?.fixes[0]?.title === title));
  return unheard && !isTold ? [...cut, unheard] : cut;
}

/** @param way the chain that denies the rest */
function report(context: LintContext, flows: readonly BrokenFlow[], way: WayName): Report | undefined {
  const confirmed = confirmBroken(context, flows);
  const opener = confirmed && openerOf(confirmed.flow);
  if (confirmed === undefined || opener === undefined) return undefined;
  const { flow, witness } = confirmed;
  const path = decidedBy(flow.opened, flow.way);
  const asking = [...path].reverse().find(({ rule }) => asksFor(rule, 'NEW')) ?? opener;
  return {
    severity: way === flow.way && way !== 'FORWARD' ? 'error' : 'warning',
    span: stateSpan(context.document, asking),
    message: [
      `${nameOf(asking)} lets connections begin, but ${cutText(flow)} is ESTABLISHED, and`,
      `${denierText(flow.denied, way)}. Accept RELATED,ESTABLISHED in ${way} too.`,
    ].join(' '),
    related:
      asking === opener ? [] : [{ span: ruleSpan(context.document, opener), message: 'accepts the first packet' }],
    fixes: helpfulFixes(context, witness, [acceptEstablished(context, way)]),
    witness,
  };
}

function cutText({ victim }: BrokenFlow): string {
  return victim === 'answer' ? 'their answer' : 'what follows the answer';
}
