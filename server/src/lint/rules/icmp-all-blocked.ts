import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { acceptedConnections, messageWitness, shutIcmp } from '../icmp-ways';
import { decisionSpan } from '../places';

export const icmpAllBlocked = defineRule({
  code: 'icmp-all-blocked',
  title: 'No ICMP gets in',
  severity: 'information',
  group: 'icmp',
  proof: 'text',
  docs: {
    what: '`INPUT` denies what nobody accepts, and accepts no ICMP at all: neither the echo request nor errors.',
    why: paragraphs(
      'ICMP is how a network says what is wrong: which host is not there, which packet is too big, which port is',
      'shut. Without errors connections hang instead of failing; without the echo request nobody can tell whether',
      'the host lives.',
    ),
    instead: 'Accept RELATED for errors, and the echo request, with a `limit` if need be.',
    suppress: 'Where the host is meant to be silent, and errors get in by another rule.',
  },
  kernel: ['net/ipv4/icmp.c:icmp_rcv'],
  bad: [
    {
      title: 'A web server that answers nothing else',
      code: `*filter
:INPUT DROP [0:0]
#=== no ICMP
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'ICMP is dropped by name: pmtu-blackhole speaks of it',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p icmp -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Errors by their connection',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The echo request, in measure',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p icmp -m icmp --icmp-type 8 -m limit --limit 5/sec -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Nothing is accepted at all',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const shut = shutIcmp(context);
  if (shut === undefined) return [];
  // Asked last: all that every rule accepts is much.
  if (acceptedConnections(context, 'INPUT').length === 0) return [];
  const span = decisionSpan(context.document, shut.denial);
  const witness = messageWitness(context, 'INPUT', shut.requests);
  if (span === undefined || witness === undefined) return [];
  const message =
    'no ICMP gets in, neither the echo request nor errors, and large transfers may hang: accept RELATED, and icmp-type 8, perhaps with a limit.';
  return [{ span, message, related: [], fixes: [], witness }];
}
