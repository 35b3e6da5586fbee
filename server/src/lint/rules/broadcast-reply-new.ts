import { type Address, familyOf } from '../../../../src-sim/net/address';
import { interval, isSubset } from '../../../../src-sim/net/interval-set';
import { PROTOCOL } from '../../../../src-sim/net/protocol';
import { type Box, intersectBoxes } from '../../analysis/packet-set';
import { points } from '../../analysis/packet-space';
import { packetsOfPath, type RuleRef } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { denierText } from '../established';
import type { Witness } from '../finding';
import { UDP_FLOW } from '../flow-shapes';
import { suffersAs } from '../harm';
import { isDeniedByDefault, outcomesOf } from '../outcomes';
import { pickPacket } from '../pick-packet';
import { ruleSpan } from '../places';
import { hasTarget, rulesOf } from '../table-rules';
import { fateOf, hostFor, scenarioPacket } from '../witness';

export const broadcastReplyNew = defineRule({
  code: 'broadcast-reply-new',
  title: 'Answers to a broadcast are NEW',
  severity: 'hint',
  group: 'state',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'OUTPUT lets out queries that go to everybody (NetBIOS, SSDP, mDNS, LLMNR) by a rule of their own, and INPUT waits',
      'for ESTABLISHED answers.',
    ),
    why: paragraphs(
      'The answer to a broadcast or multicast comes from the address of a single host, which nobody has asked: no entry',
      'has it, so the answer is NEW, never ESTABLISHED.',
    ),
    instead:
      'Accept the answers by their source port, from the local network; or use the helper `netbios-ns` for that.',
    suppress: 'Where only the queries are meant to leave.',
  },
  kernel: ['net/netfilter/nf_conntrack_core.c:resolve_normal_ct', 'net/netfilter/nf_conntrack_broadcast.c'],
  bad: [
    {
      title: 'UPnP finds nobody',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -d 239.255.255.250/32 -p udp -m udp --dport 1900 -j ACCEPT
#=== NEW
COMMIT
`,
    },
    {
      title: 'The neighbours of Windows',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:lan-out - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A OUTPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -j lan-out
-A lan-out -p udp -m udp --dport 137 -j ACCEPT
#=== NEW
COMMIT
`,
    },
    {
      title: 'LLMNR and mDNS',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -p udp -m multiport --dports 5353,5355 -j ACCEPT
#=== NEW
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Answers are accepted by their source port',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p udp -m udp --sport 1900 -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -p udp -m udp --dport 1900 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'No rule speaks of them',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Unicast queries are answered as usual',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -p udp -m multiport --dports 53,123 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

/** NetBIOS, SSDP, mDNS, LLMNR; and to whom their queries go. */
const QUERIES: ReadonlyMap<number, Readonly<Record<'ipv4' | 'ipv6', string>>> = new Map([
  [137, { ipv4: '255.255.255.255', ipv6: 'ff02::1' }],
  [1900, { ipv4: '239.255.255.250', ipv6: 'ff02::c' }],
  [5353, { ipv4: '224.0.0.251', ipv6: 'ff02::fb' }],
  [5355, { ipv4: '224.0.0.252', ipv6: 'ff02::1:3' }],
]);
/** A broadcast goes to the last address of the sender's network. */
function everybody(port: number, sender: Address): Address {
  const group = QUERIES.get(port)?.[familyOf(sender)] ?? '';
  return group === '255.255.255.255' ? sender.replace(/\d+$/, '255') : group;
}

const PORTS = points([...QUERIES.keys()]);
const ASKING: Box = { protocol: points([PROTOCOL.udp]) };

function check(context: LintContext): readonly Report[] {
  const asking = rulesOf(context.ruleset, 'filter').filter(
    (ref) => ref.chain !== 'INPUT' && ref.chain !== 'FORWARD' && hasTarget(ref, 'ACCEPT') && mentionsPort(ref),
  );
  return asking.flatMap((ref) => report(context, ref) ?? []);
}

/** Most rules name no port at all. */
function mentionsPort({ rule }: RuleRef): boolean {
  return rule.matches.some(({ options }) => options.dport ?? options.dports);
}

function report(context: LintContext, ref: RuleRef): Report | undefined {
  const walker = context.walker();
  const port = packetsOfPath(walker, [ref], ASKING)
    .flatMap(({ box: { dport } }) => (dport !== undefined && isSubset(dport, PORTS) ? dport : []))
    .map(({ start }) => Number(start))[0];
  if (port === undefined) return undefined;
  const clients = port === 137 ? points([port]) : interval(32_768, 61_000);
  for (const outcome of outcomesOf(context, 'INPUT', UDP_FLOW.opening, 'NEW') ?? []) {
    const box = intersectBoxes(outcome.box, { sport: points([port]), dport: clients });
    const packet = box && pickPacket(walker.space, box, 'INPUT', 'answer');
    if (packet === undefined || !isDeniedByDefault(outcome, 'INPUT')) continue;
    const asks = { ...packet, src: packet.dst, dst: everybody(port, packet.dst) };
    const query = {
      ...scenarioPacket({ ...asks, out: packet.in }, 'OUTPUT'),
      sport: packet.dport ?? 0,
      dport: port,
      broadcast: true,
    };
    const packets = [query, scenarioPacket(packet, 'INPUT')];
    const witness: Witness = { host: hostFor(packet, 'INPUT', context.hints), packets, victim: 1, harm: 'denied' };
    const leaves = fateOf(context.ruleset, { ...witness, victim: 0 })?.isAccepted;
    if (!leaves || !suffersAs(context.ruleset, witness, 'NEW')) continue;
    return {
      span: ruleSpan(context.document, ref),
      message: [
        `${nameOf(ref)} lets out queries to everybody at port ${port}, but the answer of a single host is NEW, never`,
        `ESTABLISHED: ${denierText(outcome, 'INPUT')}. Accept it by its source port.`,
      ].join(' '),
      related: [],
      fixes: [],
      witness,
    };
  }
  return undefined;
}
