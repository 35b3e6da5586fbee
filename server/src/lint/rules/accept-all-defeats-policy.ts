import type { Family } from '../../../../src-sim/net/address';
import { addressRange } from '../../../../src-sim/net/address-interval';
import { TCP_FLAG } from '../../../../src-sim/net/packet';
import { PROTOCOL } from '../../../../src-sim/net/protocol';
import type { Box } from '../../analysis/packet-set';
import { points } from '../../analysis/packet-space';
import { defaultOf } from '../chain-default';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Witness } from '../finding';
import { flowShapes } from '../flow-shapes';
import { suffers } from '../harm';
import { withSets } from '../known-sets';
import { isAcceptedByRule, type Outcome, outcomesOf, policyOf } from '../outcomes';
import { pickPacket } from '../pick-packet';
import { policySpan, ruleSpan } from '../places';
import { hostFor, scenarioPacket } from '../witness';

export const acceptAllDefeatsPolicy = defineRule({
  code: 'accept-all-defeats-policy',
  title: 'The policy denies, and the rules accept everything',
  severity: 'warning',
  group: 'order',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'The policy of INPUT or FORWARD is DROP, and every connection that begins (TCP, UDP, ping; on any interface but `lo`)',
      'is accepted by a rule.',
    ),
    why: paragraphs(
      'The policy is never asked, so nothing is denied. Mostly it is one `-j ACCEPT` that lost its condition: `-i lo`',
      'without the interface, a state match without its state.',
    ),
    instead: 'Give the rule that accepts everything its condition, or say openly that everything is accepted.',
    suppress: 'Where the host is meant to be open.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ipt_do_table'],
  bad: [
    {
      title: 'The interface got lost',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -j ACCEPT
#=== accepts everything that INPUT is asked about: its policy DROP is never met
COMMIT
`,
    },
    {
      title: 'Each protocol by a rule of its own',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
#=== FORWARD accepts every connection that begins
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A FORWARD -p tcp -j ACCEPT
-A FORWARD -p udp -j ACCEPT
-A FORWARD -p icmp -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Everything from the inner interface',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -i lan0 -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan0 -o wan0 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'OUTPUT may be open, and what is denied first is denied',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -s 192.0.2.0/24 -j DROP
-A INPUT -j ACCEPT
-A OUTPUT -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  return (['INPUT', 'FORWARD'] as const).flatMap((way) =>
    policyOf(context, 'filter', way) === 'DROP' ? (report(context, way) ?? []) : [],
  );
}

function report(context: LintContext, way: 'INPUT' | 'FORWARD'): Report | undefined {
  const { document, ruleset, hints } = context;
  // One packet is followed quickly, and mostly it is denied.
  if (!isAllAccepted(outcomesOf(context, way, STRANGER[ruleset.family], 'NEW'))) return undefined;
  const [first, ...others] = flowShapes(ruleset.family).map(({ opening }) => outcomesOf(context, way, opening, 'NEW'));
  const [outcome] = first ?? [];
  if (outcome === undefined || ![first, ...others].every((outcomes) => isAllAccepted(outcomes))) return undefined;
  const packet = pickPacket(context.walker().space, outcome.box, way);
  if (packet === undefined) return undefined;
  const host = withSets(context, hostFor(packet, way, hints));
  const witness: Witness = { host, packets: [scenarioPacket(packet, way)], victim: 0, harm: 'accepted' };
  const by = defaultOf(ruleset, 'filter', way)?.by;
  const span = by ? ruleSpan(document, by) : policySpan(document, { table: 'filter', hook: way });
  if (span === undefined || !suffers(ruleset, witness)) return undefined;
  const message = by
    ? `${nameOf(by)} accepts everything that ${way} is asked about: its policy DROP is never met`
    : `${way} accepts every connection that begins, by one rule or another: its policy DROP is never met`;
  return { span, message, related: [], fixes: [], witness };
}

const STRANGER: Readonly<Record<Family, Box>> = {
  ipv4: strangerOf('198.51.100.7', '203.0.113.1'),
  ipv6: strangerOf('2001:db8:198::7', '2001:db8:203::1'),
};

/** To a port that nobody opens. */
function strangerOf(src: string, dst: string): Box {
  return {
    ...{ protocol: points([PROTOCOL.tcp]), tcpFlags: points([TCP_FLAG.S]) },
    ...{ src: addressRange(src, src), dst: addressRange(dst, dst) },
    ...{ sport: points([40_000]), dport: points([31_337]) },
  };
}

function isAllAccepted(outcomes: readonly Outcome[] | undefined): boolean {
  return (
    outcomes !== undefined &&
    outcomes.length > 0 &&
    outcomes.every((outcome) => outcome.certain && isAcceptedByRule(outcome))
  );
}
