import { isSubset, overlaps } from '../../../../src-sim/net/interval-set';
import { type Box, intersectBoxes } from '../../analysis/packet-set';
import { packetsOfPath } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Witness } from '../finding';
import { TCP_FLOW, UDP_FLOW } from '../flow-shapes';
import { suffers } from '../harm';
import { DESTINATION_NAT, isLoopback, type NatRule, natRules } from '../nat-rules';
import { pickPacket } from '../pick-packet';
import { targetSpan } from '../places';
import { startOf } from '../way';
import { hostFor, scenarioPacket } from '../witness';

export const dnatLocalClientsMissed = defineRule({
  code: 'dnat-local-clients-missed',
  title: 'DNAT that the host itself does not get',
  severity: 'hint',
  group: 'nat',
  proof: 'packets',
  docs: {
    what: 'A DNAT in PREROUTING is for one address of this host, and OUTPUT has no twin of it.',
    why: paragraphs(
      'What the host itself sends to that address never passes `PREROUTING`: it is delivered here, where nobody listens, and',
      'the connection is refused, though it works from everywhere else.',
    ),
    instead: 'The same rule in `OUTPUT`, without `-i`.',
    suppress: 'Where nobody on the host uses the service by that address.',
  },
  kernel: ['include/uapi/linux/netfilter_ipv4.h:nf_ip_hook_priorities'],
  bad: [
    {
      title: 'A web server behind the router',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.5/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.5
#                                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ OUTPUT
COMMIT
`,
    },
    {
      title: 'In a chain for the address',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:vip - [0:0]
-A PREROUTING -d 198.51.100.9/32 -j vip
-A vip -p udp -m udp --dport 53 -j DNAT --to-destination 10.0.0.53
#                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ OUTPUT
COMMIT
`,
    },
    {
      title: 'OUTPUT has a twin for another port',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.5/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.5
-A PREROUTING -d 203.0.113.5/32 -p tcp -m tcp --dport 25 -j DNAT --to-destination 10.0.0.6
#                                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ OUTPUT
-A OUTPUT -d 203.0.113.5/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.5
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'OUTPUT has the twin',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.5/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.5
-A OUTPUT -d 203.0.113.5/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.5
COMMIT
`,
    },
    {
      title: 'One chain for both, as Docker has it',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A DOCKER -d 203.0.113.5/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.17.0.2:80
COMMIT
`,
    },
    {
      title: 'For the clients of one interface',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.5/32 -i wan0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.5
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const nats = natRules(context, DESTINATION_NAT);
  const twins = nats.filter(({ hook }) => hook === 'OUTPUT').flatMap(({ boxes }) => boxes);
  // One finding for a chain: a list of forwarded ports is written in one way.
  const reports = new Map<string, Report>();
  for (const nat of nats.filter(isForOwnAddress)) {
    const found = reports.has(nat.ref.chain) ? undefined : report(context, nat, twins);
    if (found) reports.set(nat.ref.chain, found);
  }
  return [...reports.values()];
}

function isForOwnAddress({ hook, boxes, exact, addresses }: NatRule): boolean {
  const [box] = boxes;
  if (hook !== 'PREROUTING' || !exact || boxes.length !== 1 || addresses === undefined || box === undefined)
    return false;
  const { dst, in: inside, src } = box;
  const [address] = dst ?? [];
  if (isLoopback(addresses.min) || inside !== undefined || src !== undefined || address === undefined) return false;
  return dst?.length === 1 && BigInt(address.end) - BigInt(address.start) === 1n;
}

function report(context: LintContext, nat: NatRule, twins: readonly Box[]): Report | undefined {
  const [own] = nat.boxes;
  if (own === undefined || twins.some((box) => covers(box, own))) return undefined;
  const walker = context.walker();
  for (const { opening } of [TCP_FLOW, UDP_FLOW]) {
    const start = intersectBoxes(startOf(walker.space, 'INPUT', context.hints), opening);
    const [piece] = start ? packetsOfPath(walker, nat.path, start) : [];
    const packet = piece && pickPacket(walker.space, piece.box, 'INPUT');
    if (packet === undefined) continue;
    const local = { ...packet, src: packet.dst, in: '', out: packet.in };
    const witness: Witness = {
      host: hostFor(packet, 'INPUT', context.hints),
      packets: [scenarioPacket(local, 'OUTPUT')],
      victim: 0,
      harm: 'untranslated',
    };
    if (!suffers(context.ruleset, witness)) continue;
    return {
      span: targetSpan(context.document, nat.ref),
      message: [
        `${nameOf(nat.ref)} is not for this host's own connections to ${packet.dst}: they pass OUTPUT, which has no such`,
        'rule. Repeat it there, if they are to arrive.',
      ].join(' '),
      related: [],
      fixes: [],
      witness,
    };
  }
  return undefined;
}

/** Whether a rule of OUTPUT takes these packets, as far as it asks for addresses and ports. */
function covers(twin: Box, { dst, dport, protocol }: Box): boolean {
  const takes = (set: Box['dst'], wanted: Box['dst']) =>
    set === undefined || (wanted !== undefined && isSubset(wanted, set));
  const meets = twin.dport === undefined || dport === undefined || overlaps(twin.dport, dport);
  return takes(twin.dst, dst) && meets && takes(twin.protocol, protocol);
}
