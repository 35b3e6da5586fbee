import type { RuleRef } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { errorWitness, TOO_BIG } from '../error-witness';
import { denierText } from '../established';
import type { Fix } from '../finding';
import { TCP_FLOW } from '../flow-shapes';
import { suffersAs } from '../harm';
import { isDenied, outcomesOf } from '../outcomes';
import { firstInChain, targetSpan } from '../places';
import { helpfulFixes } from '../try-fix';
import { hasUntracking, untrackedPackets } from '../untracked-flows';

export const notrackPmtuInvalid = defineRule({
  code: 'notrack-pmtu-invalid',
  title: 'Errors about un-tracked connections are INVALID',
  severity: 'warning',
  group: 'notrack',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'TCP connections are taken out of conntrack, and the ICMP errors about them ("fragmentation needed", in IPv6 "packet',
      'too big") are denied: as INVALID, or by default.',
    ),
    why: paragraphs(
      'An error is RELATED where the packet that it quotes belongs to a known flow. Nobody knows the flow of an un-tracked',
      'packet, so the error is INVALID, and RELATED or UNTRACKED do not take it. Large transfers hang on paths with a smaller',
      'MTU.',
    ),
    instead: 'Accept these errors by their type, above any rule that drops INVALID.',
    suppress: 'Where all paths have one MTU.',
  },
  kernel: ['net/netfilter/nf_conntrack_proto_icmp.c:nf_conntrack_inet_error', 'net/netfilter/xt_CT.c:notrack_tg'],
  bad: [
    {
      title: 'A web server without conntrack',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j NOTRACK
#                                      ^^^^^^^^^^ INVALID
-A OUTPUT -p tcp -m tcp --sport 80 -j NOTRACK
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED,UNTRACKED -j ACCEPT
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
-A INPUT -p icmp -m icmp --icmp-type 3/4 -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED,UNTRACKED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Accepted without a state, the errors by default not at all',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m multiport --dports 80,443 -j CT --notrack
#                                                 ^^^^^^^^^^^^^^^ INVALID
-A OUTPUT -p tcp -m multiport --sports 80,443 -j CT --notrack
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -p tcp -m multiport --dports 22,80,443 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-port-unreachable
COMMIT
`,
    },
    {
      title: 'IPv6',
      family: 'ipv6',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 443 -j CT --notrack
#                                       ^^^^^^^^^^^^^^^ INVALID
-A OUTPUT -p tcp -m tcp --sport 443 -j CT --notrack
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The errors are accepted by their type',
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
-A INPUT -p icmp -m icmp --icmp-type 3 -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED,UNTRACKED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Everything of an interface is un-tracked, the errors too',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i eth0 -j NOTRACK
-A OUTPUT -o eth0 -j NOTRACK
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate UNTRACKED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Names are answered in small packets, over UDP',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 53 -j NOTRACK
-A OUTPUT -p udp -m udp --sport 53 -j NOTRACK
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED,UNTRACKED -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

const MOST_TRIES = 4;

function check(context: LintContext): readonly Report[] {
  if (!hasUntracking(context.ruleset)) return [];
  const reports = (['INPUT', 'FORWARD'] as const).flatMap((way) => report(context, way) ?? []);
  return [...new Map(reports.map((report) => [report.span.start, report])).values()];
}

function report(context: LintContext, way: 'INPUT' | 'FORWARD'): Report | undefined {
  const walker = context.walker();
  const flows = untrackedPackets(walker, context.hints, way, TCP_FLOW.opening).filter(
    ({ decisions }) => decisions.at(-1)?.verdict === 'accept',
  );
  if (walker.budget < 0 || flows.length === 0) return undefined;
  const errors = outcomesOf(context, way, TOO_BIG[context.ruleset.family], 'INVALID') ?? [];
  const lost = errors.filter((outcome) => outcome.certain && isDenied(outcome));
  for (const { box, untrackedBy } of flows.slice(0, MOST_TRIES)) {
    const { state: _, mark: __, ...openings } = box;
    const notrack = untrackedBy?.at(-1);
    for (const error of lost.slice(0, MOST_TRIES)) {
      const witness = errorWitness(context, walker, { way, openings, quoted: 'answer' }, error.box);
      if (witness === undefined || notrack === undefined || !suffersAs(context.ruleset, witness, 'INVALID')) continue;
      const fixes = helpfulFixes(context, witness, [acceptErrors(context, way)]);
      if (fixes.length === 0) continue;
      return {
        span: targetSpan(context.document, notrack),
        message: messageFor(notrack, denierText(error, way)),
        related: [],
        fixes,
        witness,
      };
    }
  }
  return undefined;
}

function messageFor(notrack: RuleRef, denial: string): string {
  return [
    `${nameOf(notrack)} takes connections out of conntrack, so that errors about them are INVALID, not RELATED:`,
    `a router's "packet too big" is lost, since ${denial}. Accept it by its type.`,
  ].join(' ');
}

function acceptErrors(context: LintContext, way: string): Fix | undefined {
  const isIpv4 = context.ruleset.family === 'ipv4';
  const type = isIpv4 ? '-p icmp -m icmp --icmp-type 3/4' : '-p ipv6-icmp -m icmp6 --icmpv6-type 2';
  const edit = firstInChain(context.document, context, 'filter', way, `-A ${way} ${type} -j ACCEPT`);
  const scope = { kind: 'packets' as const, of: { protocols: [isIpv4 ? 'icmp' : 'ipv6-icmp'] } };
  return edit && { title: 'Accept "packet too big" by its type', edits: [edit], safe: false, scope };
}
