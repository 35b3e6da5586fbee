import { type Box, intersectBoxes } from '../../analysis/packet-set';
import type { RuleRef } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Witness } from '../finding';
import { flowShapes } from '../flow-shapes';
import { lonePacket } from '../flow-witness';
import { suffers } from '../harm';
import { DESTINATION_NAT, type NatRule, natRules, SOURCE_NAT } from '../nat-rules';
import { ordinaryTraffic } from '../outside';
import { pickPacket } from '../pick-packet';
import { lineSpan, ruleSpan, targetSpan } from '../places';
import { saves } from '../try-fix';
import { hasUntracking, untrackedPackets } from '../untracked-flows';
import type { WayName } from '../way';

export const notrackDisablesNat = defineRule({
  code: 'notrack-disables-nat',
  title: 'What is taken out of conntrack is not translated',
  severity: 'warning',
  group: 'notrack',
  proof: 'packets',
  docs: {
    what: 'A NOTRACK takes packets out of conntrack that a rule of the table `nat` is for.',
    why: paragraphs(
      'NAT lives on conntrack entries. An un-tracked packet has none and never enters the table `nat`: it leaves with its',
      'private source, or arrives at the port that it was to be sent away from.',
    ),
    instead:
      'Decide for one of them: narrow the NOTRACK to what is for this host, by `-d` or `--dst-type LOCAL`, or drop it.',
    suppress: 'Where these packets are not meant to be translated; better, the nat rule says so.',
  },
  kernel: ['net/netfilter/nf_nat_core.c:nf_nat_inet_fn', 'net/netfilter/xt_CT.c:notrack_tg'],
  bad: [
    {
      title: 'Names are to be answered at another port',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 53 -j NOTRACK
#                                      ^^^^^^^^^^ nat:PREROUTING:1
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 53 -j REDIRECT --to-ports 5353
COMMIT
`,
    },
    {
      title: "A router that answers names itself, and whose clients' questions leave untranslated",
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 53 -j CT --notrack
#                                      ^^^^^^^^^^^^^^^ nat:POSTROUTING:1
-A OUTPUT -p udp -m udp --sport 53 -j CT --notrack
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 192.168.1.0/24 -o wan0 -j MASQUERADE
COMMIT
`,
    },
    {
      title: 'A forwarded port',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:fast - [0:0]
-A PREROUTING -i wan0 -j fast
-A fast -p tcp -m multiport --dports 80,443 -j NOTRACK
#                                           ^^^^^^^^^^ nat:PREROUTING:1
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i wan0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.5:8080
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'What is un-tracked is for this host, and what leaves is translated',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m addrtype --dst-type LOCAL -m udp --dport 53 -j NOTRACK
-A OUTPUT -p udp -m udp --sport 53 -j NOTRACK
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
`,
    },
    {
      title: 'Other ports',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i wan0 -p udp -m udp --dport 53 -j NOTRACK
-A OUTPUT -o wan0 -p udp -m udp --sport 53 -j NOTRACK
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i wan0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.5
COMMIT
`,
    },
    {
      title: 'Other interfaces',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i storage0 -j NOTRACK
-A OUTPUT -o storage0 -j NOTRACK
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i wan0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.5
-A POSTROUTING -s 192.168.1.0/24 -o wan0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD ! -i storage0 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

interface Loss {
  readonly notrack: RuleRef;
  readonly nat: NatRule;
  readonly witness: Witness;
}

function check(context: LintContext): readonly Report[] {
  if (!hasUntracking(context.ruleset)) return [];
  const sources = natRules(context, SOURCE_NAT).filter(({ hook }) => hook === 'POSTROUTING');
  const destinations = natRules(context, DESTINATION_NAT).filter(({ hook }) => hook === 'PREROUTING');
  const losses = [...lossesOf(context, 'INPUT', destinations), ...lossesOf(context, 'FORWARD', sources)];
  const reports = new Map<number, Report>();
  for (const { notrack, nat, witness } of losses) {
    if (reports.has(notrack.rule.line)) continue;
    reports.set(notrack.rule.line, {
      span: targetSpan(context.document, notrack),
      message: [
        `${nameOf(notrack)} takes packets out of conntrack that ${nameOf(nat.ref)} is to translate: NAT leaves them alone.`,
        'Narrow one of the two.',
      ].join(' '),
      related: [{ span: ruleSpan(context.document, nat.ref), message: 'never sees them' }],
      fixes: [],
      witness,
    });
  }
  return [...reports.values()];
}

/** Un-tracked packets that a nat rule would take, and that get through as they are. */
function lossesOf(context: LintContext, way: WayName, nats: readonly NatRule[]): readonly Loss[] {
  if (nats.length === 0) return [];
  const walker = context.walker();
  const groups = flowShapes(context.ruleset.family).flatMap(({ opening }) =>
    untrackedPackets(walker, context.hints, way, opening),
  );
  if (walker.budget < 0) return [];
  return groups.flatMap(({ box: { state: _, mark: __, ...box }, untrackedBy }) =>
    nats.flatMap((nat): readonly Loss[] => {
      const notrack = untrackedBy?.at(-1);
      const both = nat.boxes.flatMap((own) => intersectBoxes(box, withoutMark(own)) ?? [])[0];
      const ordinary = both && (way === 'FORWARD' ? ordinaryTraffic(walker, both) : both);
      const packet = ordinary && pickPacket(walker.space, ordinary, way);
      const witness = packet && lonePacket(packet, way, context.hints, 'untranslated');
      if (notrack === undefined || witness === undefined || !suffers(context.ruleset, witness)) return [];
      const line = lineSpan(context.document, notrack.rule.line);
      return saves(context, [{ span: line, text: '' }], witness) ? [{ notrack, nat, witness }] : [];
    }),
  );
}

function withoutMark({ mark: _, state: __, ...box }: Box): Box {
  return box;
}
