import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { denialOf } from '../icmp-ways';
import { type DeniedDiscovery, deniedDiscovery, deniedRouterMessages } from '../neighbour-discovery';
import { stateRulesOfIcmp } from '../neighbour-discovery-states';
import { decisionSpan } from '../places';

export const ndpBlocked = defineRule({
  code: 'ndp-blocked',
  title: 'Neighbour discovery is denied',
  severity: 'error',
  group: 'ipv6',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'A ruleset for IPv6 accepts packets from outside, and denies neighbour solicitation (135) or advertisement',
      '(136) in `INPUT` or `OUTPUT`. An information where both get through and what hosts and routers say to each',
      'other (133, 134) does not.',
    ),
    why: paragraphs(
      'Neighbour discovery does for IPv6 what ARP does for IPv4, but as ICMPv6, which ip6tables sees. Where it is',
      'denied the router cannot find the host, nor the host its router: after some minutes, when the known',
      'neighbours are forgotten, IPv6 is gone. Conntrack leaves these messages UNTRACKED, so that no rule for',
      'ESTABLISHED or NEW lets them in.',
    ),
    instead: paragraphs(
      'Accept `-p ipv6-icmp`, or at least the types 133 to 136 (RFC 4890 lists what else is needed), without a',
      'state.',
    ),
    suppress: 'Where the link has no neighbours, as a tunnel.',
  },
  kernel: ['net/netfilter/nf_conntrack_proto_icmpv6.c:nf_conntrack_icmpv6_error', 'net/ipv6/ndisc.c:ndisc_rcv'],
  bad: [
    {
      title: 'States, loopback and a port, as in IPv4',
      code: `*filter
:INPUT DROP [0:0]
#=== neighbour discovery (135, 136)
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      family: 'ipv6',
    },
    {
      title: 'The host may ask nobody',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT DROP [0:0]
#=== neighbour discovery
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A OUTPUT -p tcp -m tcp --sport 22 -j ACCEPT
-A OUTPUT -p udp -m udp --dport 53 -j ACCEPT
COMMIT
`,
      family: 'ipv6',
    },
    {
      title: 'Neighbours are thought of, the router is not',
      code: `*filter
:INPUT DROP [0:0]
#=== router advertisements (134)
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      family: 'ipv6',
    },
    {
      title: 'A router that hears nobody ask',
      code: `# chainwalk: role=router
*filter
:INPUT DROP [0:0]
#=== router solicitations (133)
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      family: 'ipv6',
    },
  ],
  good: [
    {
      title: 'An address of its own choice: nothing is taken from routers',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      family: 'ipv6',
      beside: { sysctl: 'net.ipv6.conf.all.accept_ra = 0\n' },
    },
    {
      title: 'Advertisements are dropped by name: that is meant',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 134 -j DROP
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      family: 'ipv6',
    },
    {
      title: 'All of ICMPv6',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      family: 'ipv6',
    },
    {
      title: 'As RFC 4890 has it: by hop limit',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 134 -m hl --hl-eq 255 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -m hl --hl-eq 255 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136 -m hl --hl-eq 255 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      family: 'ipv6',
    },
    {
      title: 'As UNTRACKED',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED,UNTRACKED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      family: 'ipv6',
    },
    {
      title: 'From this link alone',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s fe80::/10 -p ipv6-icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      family: 'ipv6',
    },
    {
      title: 'IPv6 is off',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
COMMIT
`,
      family: 'ipv6',
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const denied = deniedDiscovery(context);
  const isTold = (way: string) => denied.some((one) => one.way === way);
  return [
    ...denied.filter((one) => stateRulesOfIcmp(context, one).length === 0).flatMap((one) => report(context, one) ?? []),
    ...deniedRouterMessages(context)
      .filter(({ way }) => !isTold(way))
      .flatMap((one) => routerReport(context, one) ?? []),
  ];
}

const OF_ROUTERS: Readonly<Record<string, string>> = {
  'INPUT 134': 'router advertisements (134) are denied: a host that gets its addresses from its router loses them.',
  'OUTPUT 133':
    'router solicitations (133) are denied: a host that gets its addresses from its router waits for the next advertisement.',
  'INPUT 133':
    'router solicitations (133) are denied: hosts that ask this router for their addresses wait for its next advertisement.',
  'OUTPUT 134': 'router advertisements (134) are denied: hosts get no addresses from this router.',
};

/** Not every host gets its addresses so, and not every router gives any. */
function routerReport(
  { document }: LintContext,
  { way, types, outcomes, witness }: DeniedDiscovery,
): Report | undefined {
  const denial = denialOf(outcomes);
  const span = denial && decisionSpan(document, denial);
  const [type] = types;
  const what = OF_ROUTERS[`${way} ${type}`];
  if (span === undefined || what === undefined) return undefined;
  const message = `${what} Where that is so, write -A ${way} -p ipv6-icmp -m icmp6 --icmpv6-type ${type} -j ACCEPT above.`;
  return { severity: 'information', span, message, related: [], fixes: [], witness };
}

function report({ document }: LintContext, { way, types, outcomes, witness }: DeniedDiscovery): Report | undefined {
  const denial = denialOf(outcomes);
  const span = denial && decisionSpan(document, denial);
  if (span === undefined) return undefined;
  const message = `neighbour discovery (${types.join(', ')}) is denied in ${way}, and IPv6 is gone once the known neighbours are forgotten: write -A ${way} -p ipv6-icmp -j ACCEPT above.`;
  return { span, message, related: [], fixes: [], witness };
}
