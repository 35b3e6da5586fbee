import { addressFromValue } from '../../../../src-sim/net/address';
import { isSubset } from '../../../../src-sim/net/interval-set';
import { type Box, intersectBoxes } from '../../analysis/packet-set';
import { points } from '../../analysis/packet-space';
import { effectOf, packetsOfPath, type Walker } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { TCP_FLOW, UDP_FLOW } from '../flow-shapes';
import { lonePacket } from '../flow-witness';
import { suffers } from '../harm';
import { DESTINATION_NAT, isLoopback, type NatRule, natRules } from '../nat-rules';
import { pickPacket } from '../pick-packet';
import { targetSpan } from '../places';
import { rulesOf } from '../table-rules';
import { isLocalAddress, startOf } from '../way';

export const redirectOutputLoop = defineRule({
  code: 'redirect-output-loop',
  title: 'A local proxy catches its own connections',
  severity: 'warning',
  group: 'nat',
  proof: 'packets',
  docs: {
    what: 'A REDIRECT in OUTPUT takes every connection of this host to a port, and spares nobody.',
    why: paragraphs(
      'The proxy behind the redirected port is a process of this host too. What it sends to the real server passes `OUTPUT`',
      'like all the rest, and is redirected to itself: a loop.',
    ),
    instead:
      'Spare the user that the proxy runs as: `-m owner ! --uid-owner PROXY`; or what it marks, or where it goes.',
    suppress: 'Where the process behind the port makes no connections to it.',
  },
  kernel: ['net/netfilter/nf_nat_redirect.c:nf_nat_redirect_ipv4'],
  bad: [
    {
      title: 'All web traffic of the host',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A OUTPUT -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080
#                                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^ catches every connection
COMMIT
`,
    },
    {
      title: 'DNAT to loopback, in a chain',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:proxy - [0:0]
-A OUTPUT -p tcp -j proxy
-A proxy -p tcp -m multiport --dports 80,443 -j DNAT --to-destination 127.0.0.1:3129
#                                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ catches every connection
COMMIT
`,
    },
    {
      title: 'Names are asked of a local resolver, which asks for them itself',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A OUTPUT -p udp -m udp --dport 53 -j REDIRECT --to-ports 5353
#                                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^ catches every connection
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The proxy is spared by its user',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A OUTPUT -p tcp -m tcp --dport 80 -m owner ! --uid-owner 13 -j REDIRECT --to-ports 8080
COMMIT
`,
    },
    {
      title: 'It has left the chain before, as for Tor and Istio',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:ISTIO_OUTPUT - [0:0]
-A OUTPUT -p tcp -j ISTIO_OUTPUT
-A ISTIO_OUTPUT -m owner --uid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -d 127.0.0.1/32 -j RETURN
-A ISTIO_OUTPUT -p tcp -j REDIRECT --to-ports 15001
COMMIT
`,
    },
    {
      title: 'One destination, and local ones',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A OUTPUT -d 192.0.2.1/32 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080
-A OUTPUT -o lo -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080
-A OUTPUT -p tcp -m addrtype --dst-type LOCAL -m tcp --dport 443 -j REDIRECT --to-ports 8443
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  return natRules(context, DESTINATION_NAT)
    .filter((nat) => isUnbounded(context, nat) && !sparesSome(context, nat))
    .flatMap((nat) => report(context, nat) ?? []);
}

function isUnbounded({ hints }: LintContext, { hook, boxes, exact, addresses }: NatRule): boolean {
  if (hook !== 'OUTPUT' || !exact) return false;
  if (addresses && !isLoopback(addresses.min) && !isLocalAddress(hints, addresses.min)) return false;
  return boxes.every(({ dst, src, out, mark, dstType, srcType }) =>
    [dst, src, out, mark, dstType, srcType].every((set) => set === undefined),
  );
}

/** Whether rules before it let some packets go for what headers do not tell: an owner, a mark, a set. */
function sparesSome(context: LintContext, { path }: NatRule): boolean {
  const walker = context.walker();
  return path.some((ref) =>
    rulesOf(context.ruleset, 'nat', ref.chain)
      .slice(0, ref.number - 1)
      .filter(({ rule }) => ['return', 'accept'].includes(effectOf(rule.target)?.kind ?? ''))
      .flatMap((other) => packetsOfPath(walker, [other], {}))
      .some(({ box, exact }) => !exact || box.mark !== undefined || isServer(walker, box)),
  );
}

/** Where the proxy's own connections go: one host outside, not one of the networks that are never redirected. */
function isServer({ space }: Walker, { dst }: Box): boolean {
  const [only] = dst ?? [];
  if (only === undefined || dst?.length !== 1 || BigInt(only.end) - BigInt(only.start) !== 1n) return false;
  return !isLoopback(addressFromValue(BigInt(only.start), space.family));
}

const QUERIES = points([53]);

function isForQueries({ boxes }: NatRule): boolean {
  return boxes.every(({ dport }) => dport !== undefined && isSubset(dport, QUERIES));
}

function report(context: LintContext, nat: NatRule): Report | undefined {
  const walker = context.walker();
  for (const { opening } of [TCP_FLOW, UDP_FLOW]) {
    const start = intersectBoxes(startOf(walker.space, 'OUTPUT', context.hints), opening);
    const [piece] = start ? packetsOfPath(walker, nat.path, start) : [];
    const packet = piece && pickPacket(walker.space, piece.box, 'OUTPUT');
    const witness = packet && lonePacket(packet, 'OUTPUT', context.hints, 'rewritten');
    if (witness === undefined || !suffers(context.ruleset, witness)) continue;
    return {
      // Tor and the clients of DNS over TLS or HTTPS take queries, and ask by other ports.
      ...(isForQueries(nat) && { severity: 'information' as const }),
      span: targetSpan(context.document, nat.ref),
      message: [
        `${nameOf(nat.ref)} catches every connection of this host to the port, those of the process behind it too:`,
        'what it sends to the real server comes back to it. Spare its user, by -m owner ! --uid-owner.',
      ].join(' '),
      related: [],
      fixes: [],
      witness,
    };
  }
  return undefined;
}
