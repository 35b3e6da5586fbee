import { intersectBoxes } from '../../analysis/packet-set';
import { packetsOfPath } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Fix } from '../finding';
import { TCP_FLOW, UDP_FLOW } from '../flow-shapes';
import { suffers } from '../harm';
import { isLoopback, type NatRule, natRules } from '../nat-rules';
import { keptHere } from '../nat-witness';
import { targetSpan } from '../places';
import { sysctlsOf } from '../sysctl-beside';
import { startOf } from '../way';

export const dnatToLoopback = defineRule({
  code: 'dnat-to-loopback',
  title: 'DNAT to 127.0.0.1 from outside',
  severity: 'warning',
  group: 'nat',
  proof: 'packets',
  docs: {
    what: 'A DNAT in PREROUTING sends packets that come in by an interface to a loopback address.',
    why: paragraphs(
      'A packet from outside with a destination in 127/8 is martian: routing drops it behind `PREROUTING`, and no rule shows',
      'it. `net.ipv4.conf.*.route_localnet=1` lets it through, and with it everybody on the same network to services that',
      'listen on 127.0.0.1 because they trust it (CVE-2020-8558).',
    ),
    instead: '`REDIRECT --to-ports`, with the service listening on the address of the interface.',
    suppress:
      'Where `route_localnet` is set, and rules guard the loopback services; a sysctl file beside the rules says so.',
  },
  kernel: ['net/ipv4/route.c:ip_route_input_slow'],
  bad: [
    {
      title: 'A service that listens on loopback only',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 127.0.0.1:8080
#                                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ martian
COMMIT
`,
      fixed: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080
COMMIT
`,
    },
    {
      title: 'In a chain, the port stays',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:fwd - [0:0]
-A PREROUTING -i eth0 -j fwd
-A fwd -p udp -m udp --dport 53 -j DNAT --to-destination 127.0.0.53
#                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ martian
COMMIT
`,
      fixed: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:fwd - [0:0]
-A PREROUTING -i eth0 -j fwd
-A fwd -p udp -m udp --dport 53 -j REDIRECT
COMMIT
`,
    },
    {
      title: 'For one address, beside an open filter',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.9/32 -p tcp -m multiport --dports 80,443 -j DNAT --to-destination 127.0.0.1
#                                                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ martian
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'REDIRECT',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080
COMMIT
`,
    },
    {
      title: 'In OUTPUT, for the host itself',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A OUTPUT -d 203.0.113.9/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 127.0.0.1:8080
COMMIT
`,
    },
    {
      title: 'route_localnet is set',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 127.0.0.1:8080
COMMIT
`,
      beside: { sysctl: 'net.ipv4.conf.eth0.route_localnet = 1\n' },
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const isSet = [...sysctlsOf(context)].some(([name, value]) => name.endsWith('.route_localnet') && value !== '0');
  if (isSet || context.ruleset.family === 'ipv6') return [];
  const reports = new Map<number, Report>();
  for (const nat of natRules(context, ['DNAT'])) {
    if (nat.hook !== 'PREROUTING' || !nat.addresses || !isLoopback(nat.addresses.min)) continue;
    const found = reports.has(nat.ref.rule.line) ? undefined : report(context, nat);
    if (found) reports.set(nat.ref.rule.line, found);
  }
  return [...reports.values()];
}

function report(context: LintContext, nat: NatRule): Report | undefined {
  const walker = context.walker();
  for (const { opening } of [TCP_FLOW, UDP_FLOW]) {
    const start = intersectBoxes(startOf(walker.space, 'INPUT', context.hints), opening);
    const [piece] = start ? packetsOfPath(walker, nat.path, start) : [];
    const witness = piece && keptHere(walker, piece.box, context.hints, 'denied', nat.ports?.min);
    if (witness === undefined || !suffers(context.ruleset, witness)) continue;
    const span = targetSpan(context.document, nat.ref);
    const ports = nat.ports
      ? ` --to-ports ${nat.ports.min === nat.ports.max ? nat.ports.min : `${nat.ports.min}-${nat.ports.max}`}`
      : '';
    const fix: Fix = {
      title: 'Write REDIRECT',
      edits: [{ span, text: `-j REDIRECT${ports}` }],
      safe: false,
      scope: { kind: 'packets', of: {} },
    };
    return {
      span,
      message: [
        `${nameOf(nat.ref)} sends packets from outside to ${nat.addresses?.min}: routing drops them as martian, unless`,
        'route_localnet is set, which opens loopback services to the network. Use REDIRECT.',
      ].join(' '),
      related: [],
      fixes: [fix],
      witness,
    };
  }
  return undefined;
}
