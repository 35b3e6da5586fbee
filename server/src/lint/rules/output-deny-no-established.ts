import { confirmBroken, cutOnTheWayBack, openerOf } from '../broken-flows';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { acceptEstablished, denierText } from '../established';
import { ruleSpan } from '../places';
import { helpfulFixes } from '../try-fix';

export const outputDenyNoEstablished = defineRule({
  code: 'output-deny-no-established',
  title: 'Requests arrive, answers cannot leave',
  severity: 'warning',
  group: 'state',
  proof: 'packets',
  docs: {
    what: 'INPUT lets connections to this host begin, and OUTPUT denies what the host answers.',
    why: paragraphs(
      'Every packet that leaves passes `OUTPUT`, answers as well: a SYN+ACK is ESTABLISHED there. Where OUTPUT denies what',
      'nobody names, it has to name those too; a service that is open in INPUT alone is a service that never answers.',
    ),
    instead: 'Accept `RELATED,ESTABLISHED` in OUTPUT, above the rules that say what the host itself may begin.',
    suppress: 'Where packets are only to be received: a collector, a honeypot.',
  },
  kernel: ['net/ipv4/ip_output.c:__ip_local_out', 'net/netfilter/nf_conntrack_core.c:resolve_normal_ct'],
  bad: [
    {
      title: 'The service is open in INPUT alone',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
#=== their answer is dropped
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'OUTPUT lists what the host may begin, and forgets what it answers',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m multiport --dports 80,443 -j ACCEPT
#=== their answer is rejected
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -p udp -m udp --dport 53 -j ACCEPT
-A OUTPUT -p tcp -m tcp --dport 443 -j ACCEPT
-A OUTPUT -j REJECT --reject-with icmp-port-unreachable
COMMIT
`,
    },
    {
      title: 'Answers of one port out of two',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:svc - [0:0]
-A INPUT -i eth0 -j svc
-A OUTPUT -p tcp -m tcp --sport 22 -m state --state ESTABLISHED -j ACCEPT
-A svc -p tcp -m multiport --dports 22,25 -j ACCEPT
#=== their answer is dropped
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'OUTPUT accepts what belongs to something known',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -p udp -m udp --dport 53 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Answers are accepted by their source port, without a state',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A OUTPUT -p tcp -m tcp --sport 22 ! --tcp-flags FIN,SYN,RST,ACK SYN -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A collector of log messages answers nobody',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -p udp -m udp --dport 514 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'OUTPUT denies nothing but a port or two',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A OUTPUT -p tcp -m tcp --dport 25 -j REJECT --reject-with tcp-reset
COMMIT
`,
    },
  ],
  on: { ruleset: (context) => report(context) ?? [] },
});

function report(context: LintContext): readonly Report[] | undefined {
  const confirmed = confirmBroken(context, cutOnTheWayBack(context, 'INPUT'));
  const opener = confirmed && openerOf(confirmed.flow);
  if (confirmed === undefined || opener === undefined) return undefined;
  const { flow, witness } = confirmed;
  const answer = flow.denied.verdict === 'reject' ? 'rejected' : 'dropped';
  return [
    {
      span: ruleSpan(context.document, opener),
      message: [
        `${nameOf(opener)} lets connections to this host begin, but their answer is ${answer}:`,
        `in OUTPUT it is ESTABLISHED, and ${denierText(flow.denied, 'OUTPUT')}. Accept RELATED,ESTABLISHED there.`,
      ].join(' '),
      related: [],
      fixes: helpfulFixes(context, witness, [acceptEstablished(context, 'OUTPUT')]),
      witness,
    },
  ];
}
