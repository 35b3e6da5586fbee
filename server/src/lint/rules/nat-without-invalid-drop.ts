import { intersectBoxes } from '../../analysis/packet-set';
import { packetsOfPath } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Witness } from '../finding';
import { lonePacket } from '../flow-witness';
import { suffersAs } from '../harm';
import { type NatRule, natRules, SOURCE_NAT } from '../nat-rules';
import { outcomesOf } from '../outcomes';
import { ordinaryTraffic } from '../outside';
import { pickPerDevice } from '../pick-packet';
import { firstInChain, targetSpan } from '../places';
import { STRAY_FIN, STRAY_FIN_FLAGS } from '../stray-packets';
import { rulesOf } from '../table-rules';
import { helpfulFixes } from '../try-fix';

export const natWithoutInvalidDrop = defineRule({
  code: 'nat-without-invalid-drop',
  title: 'INVALID packets leave with their private source',
  severity: 'information',
  group: 'nat',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'A router rewrites the source of what leaves, and FORWARD lets INVALID packets through: a warning where MASQUERADE or',
      'SNAT names the outer interface, an information otherwise.',
    ),
    why: paragraphs(
      'NAT translates packets of flows. An INVALID packet has none: a late FIN or RST passes with the address that it has',
      'inside. Others see private addresses come from the router; and an answer that is not translated back reaches a',
      'client that has not asked for it, whose RST ends the connection ("connection reset by peer").',
    ),
    instead: '`-A FORWARD -m conntrack --ctstate INVALID -j DROP` first.',
    suppress: 'On routers with asymmetric paths, for which packets of the other half are INVALID.',
  },
  kernel: [
    'net/netfilter/nf_nat_core.c:nf_nat_inet_fn',
    'net/netfilter/nf_conntrack_proto_tcp.c:nf_conntrack_tcp_packet',
  ],
  bad: [
    {
      title: 'A home router',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan0 -j MASQUERADE
#                      ^^^^^^^^^^^^^ INVALID
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i lan0 -o wan0 -j ACCEPT
COMMIT
`,
      fixed: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -i lan0 -o wan0 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'SNAT, with everything else denied',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 192.168.1.0/24 -o eth0 -j SNAT --to-source 203.0.113.5
#                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ INVALID
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:lan - [0:0]
-A INPUT -m state --state INVALID -j DROP
-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -s 192.168.1.0/24 -j lan
-A lan -p tcp -m tcp --dport 25 -j REJECT --reject-with tcp-reset
-A lan -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Containers: an information',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
#                                            ^^^^^^^^^^^^^ INVALID
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'INVALID is dropped first',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan0 -o wan0 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Only what is NEW may leave, in mangle or in FORWARD',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan0 -o wan0 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Asymmetric paths',
      code: `# chainwalk: asymmetric=yes
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i lan0 -o wan0 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: (context) => check(context) ?? [] },
});

/** Said once for a file, at the rule that does most. */
function check(context: LintContext): readonly Report[] | undefined {
  const { hints, ruleset } = context;
  const hasForward = rulesOf(ruleset, 'filter', 'FORWARD').length > 0;
  if (hints.asymmetric || !hasForward) return undefined;
  const nats = natRules(context, SOURCE_NAT).filter(({ hook, exact }) => hook === 'POSTROUTING' && exact);
  const ordered = [...nats.filter(isForRouter), ...nats.filter((nat) => !isForRouter(nat))];
  for (const nat of ordered.slice(0, MOST_TRIES)) {
    const witness = leaking(context, nat);
    if (witness === undefined) continue;
    const rule = '-A FORWARD -m conntrack --ctstate INVALID -j DROP';
    const edit = firstInChain(context.document, context, 'filter', 'FORWARD', rule);
    const scope = { kind: 'packets' as const, of: { states: ['INVALID' as const] } };
    return [
      {
        severity: isForRouter(nat) ? 'warning' : 'information',
        span: targetSpan(context.document, nat.ref),
        message: [
          `${nameOf(nat.ref)} does not translate INVALID packets, and FORWARD lets them through: a late FIN or RST leaves`,
          'with its private source. Drop INVALID in FORWARD.',
        ].join(' '),
        related: [],
        fixes: helpfulFixes(context, witness, [
          edit && { title: 'Drop INVALID in FORWARD', edits: [edit], safe: false, scope },
        ]),
        witness,
      },
    ];
  }
  return undefined;
}

const MOST_TRIES = 4;

/** `-o wan0`: a router's outer side; a container's bridge says `! -o docker0`. */
function isForRouter({ ref }: NatRule): boolean {
  return ref.rule.matches.some(({ options }) => options['out-interface']?.inverted === false);
}

/** A FIN of no connection, from within, that FORWARD lets out. */
function leaking(context: LintContext, nat: NatRule): Witness | undefined {
  const walker = context.walker();
  const outcomes = outcomesOf(context, 'FORWARD', STRAY_FIN, 'INVALID') ?? [];
  for (const outcome of outcomes.filter(({ verdict, certain }) => verdict === 'accept' && certain)) {
    const { state: _, mark: __, ...headers } = outcome.box;
    for (const { box } of packetsOfPath(walker, nat.path, headers)) {
      const both = intersectBoxes(box, headers);
      const ordinary = both && ordinaryTraffic(walker, both);
      const packets = ordinary ? pickPerDevice(walker.space, ordinary, 'FORWARD') : [];
      const witness = packets
        .filter((packet) => packet.in !== packet.out)
        .map((packet) => lonePacket(packet, 'FORWARD', context.hints, 'untranslated', { flags: STRAY_FIN_FLAGS }))
        .find((one) => suffersAs(context.ruleset, one, 'INVALID'));
      if (witness) return witness;
    }
  }
  return undefined;
}
