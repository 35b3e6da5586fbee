import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import type { Fix } from '../finding';
import { deniedDiscovery } from '../neighbour-discovery';
import { type StateRule, stateRulesOfIcmp } from '../neighbour-discovery-states';
import { matchOf, optionSpan, removeIn, reportAt, targetName, useSpan } from '../rule-lines';

export const ndpByState = defineRule({
  code: 'ndp-by-state',
  title: 'Neighbour discovery has no state',
  severity: 'error',
  group: 'ipv6',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'Neighbour discovery is denied although a rule is there for ICMPv6, because that rule asks for a state; or',
      'because a rule drops UNTRACKED packets.',
    ),
    why: paragraphs(
      'Conntrack leaves neighbour discovery UNTRACKED. `-p ipv6-icmp --ctstate NEW -j ACCEPT` lets the echo request',
      'in and never a neighbour: IPv6 is gone once the known neighbours are forgotten.',
    ),
    instead: 'Accept ICMPv6 without a state.',
    suppress: 'Where the link has no neighbours, as a tunnel.',
  },
  kernel: ['net/netfilter/nf_conntrack_proto_icmpv6.c:nf_conntrack_icmpv6_error'],
  bad: [
    {
      title: 'ICMPv6, as if it were a connection',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p ipv6-icmp -m conntrack --ctstate NEW -j ACCEPT
#                                  ^^^^^^^^^^^^^ is UNTRACKED
COMMIT
`,
      family: 'ipv6',
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Whatever is not tracked is dropped',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID,UNTRACKED -j DROP
#                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^ is UNTRACKED
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
      family: 'ipv6',
    },
  ],
  good: [
    {
      title: 'Without a state',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
      family: 'ipv6',
    },
    {
      title: 'With UNTRACKED among the states',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p ipv6-icmp -m conntrack --ctstate NEW,UNTRACKED -j ACCEPT
COMMIT
`,
      family: 'ipv6',
    },
    {
      title: 'A rule of its own for the neighbours',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT
-A INPUT -p ipv6-icmp -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
      family: 'ipv6',
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  return deniedDiscovery(context).flatMap((denied) =>
    stateRulesOfIcmp(context, denied).map(({ rule, part }) => {
      const advice = targetName(rule) === 'DROP' ? 'leave UNTRACKED out' : 'accept ICMPv6 without a state';
      const message = `neighbour discovery (${denied.types.join(', ')}) is UNTRACKED, and denied here: ${advice}.`;
      const fixes = [withoutState(context, { rule, part })];
      return { ...reportAt(context.document, rule, optionSpan(part), message, { fixes }), witness: denied.witness };
    }),
  );
}

function withoutState({ document }: LintContext, { rule, part }: StateRule): Fix | undefined {
  const use = matchOf(rule, part.extension.name);
  if (targetName(rule) !== 'ACCEPT' || use === undefined || use.parts.length !== 1) return undefined;
  return {
    title: 'Accept ICMPv6 without a state',
    edits: [removeIn(document, rule.number, useSpan(use))],
    safe: true,
    scope: { kind: 'packets', of: { protocols: ['ipv6-icmp'] } },
  };
}
