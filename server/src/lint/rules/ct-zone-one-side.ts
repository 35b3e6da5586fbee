import { type Box, intersectBoxes } from '../../analysis/packet-set';
import { packetsOfPath, type RuleRef } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Witness } from '../finding';
import { flowShapes } from '../flow-shapes';
import { flowWitness } from '../flow-witness';
import { suffers } from '../harm';
import { isDenied, outcomesOf } from '../outcomes';
import { ordinaryTraffic } from '../outside';
import { pickPacket } from '../pick-packet';
import { lineSpan, targetSpan } from '../places';
import { hasTarget, rulesOf } from '../table-rules';
import { saves } from '../try-fix';
import { startOf, type WayName } from '../way';
import { fateOf } from '../witness';

export const ctZoneOneSide = defineRule({
  code: 'ct-zone-one-side',
  title: 'A conntrack zone for one direction only',
  severity: 'warning',
  group: 'state',
  proof: 'packets',
  docs: {
    what: '`CT --zone` puts the packets of one direction into a zone, and their answers are looked up in another.',
    why: paragraphs(
      'A flow is known by its addresses and its zone. An answer that comes in another zone belongs to nothing known there:',
      'it is NEW or INVALID for ever, and no rule takes it for ESTABLISHED.',
    ),
    instead: paragraphs(
      'Put both sides into the zone: the other interface, and `OUTPUT` for services of this host. Or say `--zone-orig`,',
      'which counts in the direction of the first packet alone.',
    ),
    suppress: 'Where the answers never come back through this host.',
  },
  kernel: ['net/netfilter/nf_conntrack_core.c:resolve_normal_ct', 'net/netfilter/xt_CT.c:xt_ct_tg_check'],
  bad: [
    {
      title: 'The inner side of a router',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i lan0 -j CT --zone 5
#                     ^^^^^^^^^^^^^^ answers
COMMIT
`,
    },
    {
      title: 'A service of this host, without its answers in OUTPUT',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 5060 -j CT --zone 10
#                                        ^^^^^^^^^^^^^^^ answers
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -p tcp -m tcp --dport 5060 -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'One of two customers is forgotten on the way back',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i cust1 -j CT --zone 1
-A PREROUTING -i up1 -j CT --zone 1
-A PREROUTING -i cust2 -j CT --zone 2
#                      ^^^^^^^^^^^^^^ answers
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i cust+ -j ACCEPT
COMMIT
`,
    },
    {
      title: 'In a chain of its own, where little is let in',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:zones - [0:0]
-A PREROUTING -j zones
-A zones -i eth2 -p tcp -j CT --zone 3
#                       ^^^^^^^^^^^^^^ puts packets into zone 3, but their answers into none
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Both interfaces are in the zone',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i lan0 -j CT --zone 5
-A PREROUTING -i wan0 -j CT --zone 5
COMMIT
`,
    },
    {
      title: 'The direction of the first packet alone',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i lan0 -j CT --zone-orig 5
COMMIT
`,
    },
    {
      title: "neutron's: the tap and the bridge, one zone for each port",
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:neutron-openvswi-PREROUTING - [0:0]
-A PREROUTING -j neutron-openvswi-PREROUTING
-A neutron-openvswi-PREROUTING -m physdev --physdev-in qvb7be37df4-13 -j CT --zone 1
-A neutron-openvswi-PREROUTING -i qvb7be37df4-13 -j CT --zone 1
-A neutron-openvswi-PREROUTING -m physdev --physdev-in tap7be37df4-13 -j CT --zone 1
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const rules = rulesOf(context.ruleset, 'raw').filter((ref) => zoneOf(ref) !== undefined);
  const zones = new Map<string, RuleRef[]>();
  for (const ref of rules) zones.set(zoneOf(ref) ?? '', [...(zones.get(zoneOf(ref) ?? '') ?? []), ref]);
  return [...zones].flatMap(([zone, refs]) => {
    const [ref] = refs;
    if (ref === undefined || new Set(refs.map(sideOf)).size > 1) return [];
    return report(context, zone, ref) ?? [];
  });
}

/** `--zone 5` counts in both directions, `--zone-orig` in one: that is meant. */
function zoneOf(ref: RuleRef): string | undefined {
  const { target } = ref.rule;
  if (!hasTarget(ref, 'CT') || target.kind !== 'target') return undefined;
  const { zone } = target.options;
  return typeof zone?.value === 'number' ? String(zone.value) : undefined;
}

/** From where a rule's packets come, as far as it says. */
function sideOf({ chain, rule }: RuleRef): string {
  const sides = rule.matches.flatMap(({ options }) =>
    ['in-interface', 'physdev-in'].map((name) => options[name]).filter((given) => given !== undefined),
  );
  return `${chain === 'OUTPUT' ? chain : ''} ${JSON.stringify(sides.map(({ value, inverted }) => [value, inverted]))}`;
}

function report(context: LintContext, zone: string, ref: RuleRef): Report | undefined {
  const line = lineSpan(context.document, ref.rule.line);
  for (const way of ['FORWARD', 'INPUT'] as const) {
    const witness = oneSided(context, ref, way);
    // Without the rule the answer is ESTABLISHED.
    if (witness === undefined || !saves(context, [{ span: line, text: '' }], witness)) continue;
    const where = way === 'INPUT' ? 'raw:OUTPUT' : 'the interface by which they come back';
    return {
      span: targetSpan(context.document, ref),
      message: [
        `${nameOf(ref)} puts packets into zone ${zone}, but their answers into none: no rule does so for ${where}.`,
        'They are never ESTABLISHED. Put both sides into the zone, or say --zone-orig.',
      ].join(' '),
      related: [],
      fixes: [],
      witness,
    };
  }
  return undefined;
}

function oneSided(context: LintContext, ref: RuleRef, way: WayName): Witness | undefined {
  const walker = context.walker();
  for (const { opening } of flowShapes(context.ruleset.family)) {
    const start = intersectBoxes(startOf(walker.space, way, context.hints), opening);
    const [piece] = start ? packetsOfPath(walker, [ref], start) : [];
    if (piece === undefined) continue;
    for (const box of letThrough(context, way, piece.box)) {
      const packet = pickPacket(walker.space, box, way);
      const witness = packet && flowWitness(packet, way, context.hints, 'answer', 'misjudged');
      if (witness === undefined || !fateOf(context.ruleset, { ...witness, victim: 0 })?.isAccepted) continue;
      if (suffers(context.ruleset, witness)) return witness;
    }
  }
  return undefined;
}

/** So many rules that let packets through are tried. */
const MOST_TRIES = 4;

/** Of packets that go a way, those that the filter table accepts. */
function letThrough(context: LintContext, way: WayName, box: Box): readonly Box[] {
  const { state: _, ...any } = box;
  const accepted = (outcomesOf(context, way, any, 'NEW') ?? []).filter((one) => one.certain && !isDenied(one));
  const boxes = accepted.slice(0, MOST_TRIES).flatMap((one) => intersectBoxes(one.box, any) ?? []);
  return way === 'FORWARD' ? boxes.flatMap((one) => ordinaryTraffic(context.walker(), one) ?? []) : boxes;
}
