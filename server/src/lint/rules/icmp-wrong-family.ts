import { PROTOCOL } from '../../../../src-sim/net/protocol';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { conditionOf, protocolOf, replaceIn, reportAt, ruleLines, valueSpan } from '../rule-lines';

export const icmpWrongFamily = defineRule({
  code: 'icmp-wrong-family',
  title: 'ICMP of the other address family',
  severity: 'warning',
  group: 'icmp',
  proof: 'text',
  docs: {
    what: '`-p icmp` in a ruleset for IPv6, or `-p ipv6-icmp` in one for IPv4.',
    why: paragraphs(
      'ICMP (protocol 1) and ICMPv6 (58) are two protocols. Either name is taken in either file, and the rule then',
      'matches nothing that a host sends: neighbour discovery, errors and ping of IPv6 are all protocol 58.',
    ),
    instead: 'Write `-p ipv6-icmp` in rules for ip6tables, `-p icmp` in rules for iptables.',
    suppress: 'Never: no host sends such packets.',
  },
  kernel: [
    'net/netfilter/nf_conntrack_proto_icmpv6.c:nf_conntrack_icmpv6_error',
    'net/ipv6/netfilter/ip6_tables.c:ip6_packet_match',
  ],
  bad: [
    {
      title: 'Copied from the rules for IPv4',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p icmp -j ACCEPT
#           ^^^^ ipv6-icmp
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT
COMMIT
`,
      family: 'ipv6',
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'And the other way',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p ipv6-icmp -j ACCEPT
#           ^^^^^^^^^ is ICMP of IPv6
COMMIT
`,
      family: 'ipv4',
    },
  ],
  good: [
    {
      title: 'Each in its own family',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p ipv6-icmp -j ACCEPT
COMMIT
`,
      family: 'ipv6',
    },
    {
      title: 'IPv6 in IPv4',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p ipv6 -j ACCEPT
-A INPUT -p icmp -j ACCEPT
COMMIT
`,
      family: 'ipv4',
    },
  ],
  on: { ruleset: check },
});

function check({ document, ruleset: { family } }: LintContext): readonly Report[] {
  const wrong = family === 'ipv4' ? PROTOCOL.icmpv6 : PROTOCOL.icmp;
  const [right, other] = family === 'ipv4' ? ['icmp', 'IPv6'] : ['ipv6-icmp', 'IPv4'];
  return ruleLines(document)
    .conditioned('protocol')
    .filter(({ line }) => line.text.includes('icmp') || /-p\S* +(?:1|58)\b/.test(line.text))
    .flatMap((rule) => {
      const part = conditionOf(rule, 'protocol');
      if (part === undefined || protocolOf(rule) !== wrong) return [];
      const span = valueSpan(part);
      const fix = {
        title: `Write -p ${right}`,
        edits: [replaceIn(document, rule.number, span, right)],
        safe: true,
        scope: { kind: 'packets', of: { protocols: ['icmp', 'ipv6-icmp'] } } as const,
      };
      const message = `"${part.words[0]?.value}" is ICMP of ${other}, which no packet here has: write -p ${right}.`;
      return [reportAt(document, rule, span, message, { fixes: [fix] })];
    });
}
