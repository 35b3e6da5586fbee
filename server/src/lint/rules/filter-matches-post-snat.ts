import { addressRange } from '../../../../src-sim/net/address-interval';
import { intervalSet, isSubset } from '../../../../src-sim/net/interval-set';
import { intersectBoxes } from '../../analysis/packet-set';
import { packetsOfPath, type RuleRef } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Witness } from '../finding';
import { TCP_FLOW, UDP_FLOW } from '../flow-shapes';
import { lonePacket } from '../flow-witness';
import { suffers } from '../harm';
import { hookOfPath, pathsTo } from '../jump-path';
import { type NatRule, natRules } from '../nat-rules';
import { witnessRule } from '../nat-witness';
import { ordinaryTraffic } from '../outside';
import { describeBox } from '../packet-words';
import { pickPacket } from '../pick-packet';
import { ruleSpan } from '../places';
import { rulesOf } from '../table-rules';
import { startOf } from '../way';

export const filterMatchesPostSnat = defineRule({
  code: 'filter-matches-post-snat',
  title: 'The filter waits for packets as they are after SNAT',
  severity: 'warning',
  group: 'nat',
  proof: 'packets',
  docs: {
    what: 'A rule of FORWARD matches the source that SNAT gives to packets, by `-s`.',
    why: paragraphs(
      'SNAT is done in `POSTROUTING`, behind everything else: `FORWARD` sees the inner source still. A packet with the',
      'outer one there comes from nobody.',
    ),
    instead: 'Name the inner network: what `-s` of the SNAT rule says.',
    suppress: 'Where somebody behind this router really has that address.',
  },
  kernel: ['include/uapi/linux/netfilter_ipv4.h:nf_ip_hook_priorities'],
  bad: [
    {
      title: 'The public address in FORWARD',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.0.0.0/8 -o wan0 -j SNAT --to-source 203.0.113.5
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -s 203.0.113.5/32 -j ACCEPT
#=== 203.0.113.5
COMMIT
`,
    },
    {
      title: 'Mail is to leave by one address only, and nothing is stopped',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 192.168.1.0/24 -o eth0 -j SNAT --to-source 198.51.100.2
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -s 198.51.100.2/32 -p tcp -m tcp --dport 25 -j DROP
#=== 198.51.100.2
-A FORWARD -s 192.168.1.0/24 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'In a chain behind FORWARD, a range of addresses',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.1.0.0/16 -o ppp0 -j SNAT --to-source 203.0.113.8-203.0.113.11
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:lan-out - [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan0 -j lan-out
-A lan-out -s 203.0.113.8/30 -p tcp -m multiport --dports 80,443 -j ACCEPT
#=== 203.0.113.8
-A lan-out -p udp -m udp --dport 53 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The inner network in FORWARD',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.0.0.0/8 -o wan0 -j SNAT --to-source 203.0.113.5
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -s 10.0.0.0/8 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The host itself has the outer address, in OUTPUT',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.0.0.0/8 -o wan0 -j SNAT --to-source 203.0.113.5
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT DROP [0:0]
-A OUTPUT -s 203.0.113.5/32 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The outer address as a destination, before DNAT and behind SNAT',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -s 203.0.113.5/32 -i wan0 -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.0.0.0/8 -o wan0 -j SNAT --to-source 203.0.113.5
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const sources = natRules(context, ['SNAT']).filter(({ addresses, hook }) => addresses && hook === 'POSTROUTING');
  if (sources.length === 0) return [];
  const walker = context.walker();
  const given = intervalSet(
    sources.flatMap(({ addresses }) => (addresses ? addressRange(addresses.min, addresses.max) : [])),
  );
  return rulesOf(context.ruleset, 'filter')
    .filter(({ chain }) => chain !== 'INPUT' && chain !== 'OUTPUT')
    .filter((ref) =>
      packetsOfPath(walker, [ref], {}).some(({ box: { src } }) => src !== undefined && isSubset(src, given)),
    )
    .filter((ref) => pathsTo(context.ruleset, ref).every((path) => hookOfPath(path) === 'FORWARD'))
    .flatMap((ref) => report(context, ref, sources) ?? []);
}

function report(context: LintContext, ref: RuleRef, sources: readonly NatRule[]): Report | undefined {
  const [path] = pathsTo(context.ruleset, ref);
  const witness = path && passingBy(context, ref, sources);
  if (witness === undefined) return undefined;
  const [victim] = witness.packets;
  const walker = context.walker();
  const [own] = packetsOfPath(walker, [ref], {});
  return {
    span: ruleSpan(context.document, ref),
    message: [
      `${nameOf(ref)} waits for ${describeBox(walker.space, { src: own?.box.src ?? [] })}, the source that SNAT gives:`,
      `that is done behind FORWARD, where they still come from ${victim?.src}. Name the inner network.`,
    ].join(' '),
    related: sources
      .slice(0, 1)
      .map((nat) => ({ span: ruleSpan(context.document, nat.ref), message: 'rewrites the source, later' })),
    fixes: [],
    witness,
  };
}

/** A packet that SNAT translates, and that has passed the rule. */
function passingBy(context: LintContext, ref: RuleRef, sources: readonly NatRule[]): Witness | undefined {
  const walker = context.walker();
  const [own] = packetsOfPath(walker, [ref], {});
  const { src: _, state: __, mark: ___, ...wanted } = own?.box ?? {};
  for (const nat of sources) {
    for (const { opening } of [TCP_FLOW, UDP_FLOW]) {
      const start = intersectBoxes(startOf(walker.space, 'FORWARD', context.hints), opening);
      const like = start && intersectBoxes(start, wanted);
      const [piece] = like ? packetsOfPath(walker, nat.path, like) : [];
      const box = piece && ordinaryTraffic(walker, piece.box);
      const packet = box && pickPacket(walker.space, box, 'FORWARD');
      const witness = packet && lonePacket(packet, 'FORWARD', context.hints, 'missed', { rule: witnessRule(ref) });
      if (witness && suffers(context.ruleset, witness)) return witness;
    }
  }
  return undefined;
}
