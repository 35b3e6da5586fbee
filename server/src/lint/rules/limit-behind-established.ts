import { PROTOCOL } from '../../../../src-sim/net/protocol';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { floodOf, limitedRules } from '../flood';
import {
  matchOf,
  optionOf,
  optionSpan,
  placeOf,
  protocolOf,
  type RuleLine,
  reportAt,
  ruleLines,
  targetName,
} from '../rule-lines';

export const limitBehindEstablished = defineRule({
  code: 'limit-behind-established',
  title: 'A flood within one flow passes by the limit',
  severity: 'information',
  group: 'limits',
  proof: 'text',
  docs: {
    what: 'A limit for ICMP or UDP stands below a rule that accepts ESTABLISHED, and a rule of its own drops what is beyond it.',
    why: paragraphs(
      'As soon as one packet has been answered, the flow is ESTABLISHED, and its packets are accepted above: `ping',
      '-f` sends one flow, and the limit sees its first packet only.',
    ),
    instead: 'Put the limit above, or use `-m hashlimit` or `tc` for what is meant to protect from floods.',
    suppress: 'Where only the number of new flows is to be limited.',
  },
  kernel: ['net/netfilter/xt_limit.c:limit_mt', 'net/netfilter/nf_conntrack_proto_icmp.c:nf_conntrack_icmp_packet'],
  bad: [
    {
      title: 'One ping after another',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 8 -m limit --limit 1/sec -j ACCEPT
#                                               ^^^^^^^^^^^^^ passes by this limit
-A INPUT -p icmp -m icmp --icmp-type 8 -j DROP
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The policy denies the rest: nobody says that a flood is meant',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 8 -m limit --limit 1/sec -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The limit comes first',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p icmp -m icmp --icmp-type 8 -m limit --limit 1/sec -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 8 -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'New connections of TCP',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m limit --limit 1/sec -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

const FLOODED: ReadonlySet<number | undefined> = new Set([PROTOCOL.icmp, PROTOCOL.icmpv6, PROTOCOL.udp]);

function check(context: LintContext): readonly Report[] {
  const limited = limitedRules(context).filter((rule) => FLOODED.has(protocolOf(rule)));
  return limited.flatMap((rule) => {
    const part = optionOf(matchOf(rule, 'limit'), 'limit');
    const above = targetName(rule) === 'ACCEPT' ? establishedAbove(context, rule) : undefined;
    if (part === undefined || above === undefined) return [];
    const one = floodOf(context, rule, 'one-flow');
    const many = one?.isLastAccepted ? floodOf(context, rule, 'flows') : undefined;
    if (one === undefined || many?.isLastDeniedByRule !== true) return [];
    const message = `a flood within one flow passes by this limit: ${placeOf(above)} accepts it as ESTABLISHED once it has been answered.`;
    return [{ ...reportAt(context.document, rule, optionSpan(part), message), witness: one.witness }];
  });
}

/** In the same chain: what a jump passes on the way is seldom meant to be a limit's neighbour. */
function establishedAbove({ document }: LintContext, { table, chain, number }: RuleLine): RuleLine | undefined {
  const lines = ruleLines(document);
  return [...lines.matching('conntrack'), ...lines.matching('state')].find(
    (rule) => rule.table === table && rule.chain === chain && rule.number < number && targetName(rule) === 'ACCEPT',
  );
}
