import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { conditionOf, optionSpan, reportAt, ruleLines } from '../rule-lines';

export const fragmentWithPorts = defineRule({
  code: 'fragment-with-ports',
  title: 'A later fragment has no ports',
  severity: 'warning',
  group: 'icmp',
  proof: 'text',
  docs: {
    what: '`-f` beside a condition on ports, flags or an ICMP type.',
    why: paragraphs(
      '`-f` means second and further fragments. The header with ports or type is in the first one only, and a match',
      'that looks for it never takes a later fragment: the rule never matches.',
    ),
    instead: 'Leave out `-f`, or the ports.',
    suppress: 'Never.',
  },
  kernel: ['net/netfilter/xt_tcpudp.c:tcp_mt', 'net/ipv4/netfilter/ip_tables.c:icmp_match'],
  bad: [
    {
      title: 'Ports of a fragment',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -f -m udp --dport 53 -j DROP
#               ^^ has no ports
-A INPUT -p icmp -f -m icmp --icmp-type 8 -j DROP
#                ^^ has no ports
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Fragments of a protocol',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -f -j DROP
COMMIT
`,
    },
    {
      title: 'Whole packets and first fragments',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp ! -f -m udp --dport 53 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

/** Matches that read the header behind IP's, which a later fragment has not. */
const OF_HEADERS: ReadonlySet<string> = new Set(['tcp', 'udp', 'udplite', 'sctp', 'dccp', 'icmp', 'multiport']);

function check({ document }: LintContext): readonly Report[] {
  return ruleLines(document)
    .conditioned('fragment')
    .flatMap((rule) => {
      const part = conditionOf(rule, 'fragment');
      if (part === undefined || part.bang) return [];
      const header = rule.uses.matches.find(({ name, parts }) => OF_HEADERS.has(name) && parts.length > 0);
      if (header === undefined) return [];
      const flag = header.parts[0]?.flag.value ?? header.name;
      const message = `a later fragment has no ports, flags or type for ${flag} to look at: the rule never matches.`;
      return [reportAt(document, rule, optionSpan(part), message)];
    });
}
