import { intersectBoxes } from '../../analysis/packet-set';
import { packetsOfPath } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { TCP_FLOW, UDP_FLOW } from '../flow-shapes';
import { lonePacket } from '../flow-witness';
import { suffers } from '../harm';
import { DESTINATION_NAT, isLoopback, type NatRule, natRules, SOURCE_NAT } from '../nat-rules';
import { decidedBy, outcomesOf } from '../outcomes';
import { pickPacket } from '../pick-packet';
import { targetSpan } from '../places';
import { startOf } from '../way';

export const dnatCatchesTransit = defineRule({
  code: 'dnat-catches-transit',
  title: 'DNAT catches what only passes through',
  severity: 'warning',
  group: 'nat',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'A DNAT or REDIRECT of a router takes a port whatever the destination and the interface: the traffic of its own clients',
      'to the Internet as well.',
    ),
    why: paragraphs(
      '`PREROUTING` sees everything that comes in, not only what is for this host. Without `-d`, `-i` or `--dst-type LOCAL` a',
      'client within that wants port 443 of some server outside ends up at the one behind the DNAT.',
    ),
    instead: 'Say for whom it is: `-d PUBLIC`, `-i WAN`, or `-m addrtype --dst-type LOCAL`.',
    suppress: 'Where a proxy is to catch all traffic to a port; `-i LAN` says so, too.',
  },
  kernel: ['net/netfilter/nf_nat_core.c:nf_nat_inet_fn'],
  bad: [
    {
      title: 'Every HTTPS connection ends at one server',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.0.0.5:443
#                                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this host
COMMIT
`,
    },
    {
      title: 'A router that redirects port 80 to itself, from all sides',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080
#                                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^ this host
-A POSTROUTING -s 192.168.1.0/24 -o wan0 -j MASQUERADE
COMMIT
`,
    },
    {
      title: 'In a chain that everything enters',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:forwards - [0:0]
-A PREROUTING -j forwards
-A forwards -p udp -m multiport --dports 5060,5061 -j DNAT --to-destination 192.168.7.2
#                                                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this host
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'By address, by interface, or for local addresses only',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -d 203.0.113.5/32 -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.0.0.5:443
-A PREROUTING -i wan0 -p tcp -m tcp --dport 25 -j DNAT --to-destination 10.0.0.6
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A DOCKER -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
`,
    },
    {
      title: 'A transparent proxy for one side',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i lan0 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 3128
-A PREROUTING -s 10.20.0.0/16 -p udp -m udp --dport 53 -j DNAT --to-destination 10.20.0.53
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
`,
    },
    {
      title: 'A server with one interface, through which nothing passes',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m multiport --dports 22,80,8080 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

/** One finding for a chain: a list of forwarded ports is written in one way. */
function check(context: LintContext): readonly Report[] {
  const chains = new Map<string, NatRule[]>();
  for (const nat of natRules(context, DESTINATION_NAT).filter(isUnbounded)) {
    chains.set(nat.ref.chain, [...(chains.get(nat.ref.chain) ?? []), nat]);
  }
  return [...chains.values()].flatMap(([first, ...others]) => (first && report(context, first, others.length)) ?? []);
}

function isUnbounded({ hook, boxes, exact, addresses }: NatRule): boolean {
  if (hook !== 'PREROUTING' || !exact || (addresses && isLoopback(addresses.min))) return false;
  return boxes.every(
    ({ dport, dst, src, in: inside, mark, srcType, dstType }) =>
      dport !== undefined && [dst, src, inside, mark, srcType, dstType].every((set) => set === undefined),
  );
}

function report(context: LintContext, nat: NatRule, others: number): Report | undefined {
  // A host that only redirects to itself may have nothing that passes through.
  if (nat.addresses === undefined && !isRouter(context)) return undefined;
  const walker = context.walker();
  for (const { opening } of [TCP_FLOW, UDP_FLOW]) {
    const start = intersectBoxes(startOf(walker.space, 'FORWARD', context.hints), opening);
    const [piece] = start ? packetsOfPath(walker, nat.path, start) : [];
    const packet = piece && pickPacket(walker.space, piece.box, 'FORWARD');
    const witness = packet && lonePacket(packet, 'FORWARD', context.hints, 'rewritten');
    if (witness === undefined || !suffers(context.ruleset, witness)) continue;
    return {
      span: targetSpan(context.document, nat.ref),
      message: [
        `${nameOf(nat.ref)} catches every connection to this port, not only those to this host: its clients' to the`,
        `Internet too${others === 0 ? '' : `; so do ${others} more rules of the chain`}. Say -d, -i, or --dst-type LOCAL.`,
      ].join(' '),
      related: [],
      fixes: [],
      witness,
    };
  }
  return undefined;
}

function isRouter(context: LintContext): boolean {
  if (context.hints.roles.includes('router') || natRules(context, SOURCE_NAT).length > 0) return true;
  const outcomes = outcomesOf(context, 'FORWARD', TCP_FLOW.opening, 'NEW') ?? [];
  return outcomes.some((outcome) => outcome.verdict === 'accept' && decidedBy(outcome, 'FORWARD').length > 0);
}
