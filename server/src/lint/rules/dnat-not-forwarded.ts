import { type Box, intersectBoxes } from '../../analysis/packet-set';
import { packetsOfPath } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { denierText } from '../established';
import type { Fix, Witness } from '../finding';
import { flowShapes } from '../flow-shapes';
import { suffers } from '../harm';
import { DESTINATION_NAT, isLoopback, type NatRule, natRules, translatedBox } from '../nat-rules';
import { forwardedTo } from '../nat-witness';
import { isDenied, isDeniedByDefault, mayDenyByDefault, type Outcome, outcomesOf } from '../outcomes';
import { ordinaryTraffic } from '../outside';
import { describeBox, printBox } from '../packet-words';
import { firstInChain, targetSpan } from '../places';
import { helpfulFixes } from '../try-fix';
import { isLocalAddress, startOf } from '../way';

export const dnatNotForwarded = defineRule({
  code: 'dnat-not-forwarded',
  title: 'What DNAT sends on, FORWARD denies',
  severity: 'warning',
  group: 'nat',
  proof: 'packets',
  docs: {
    what: 'A DNAT rule sends packets to another host, and FORWARD lets none of them through.',
    why: paragraphs(
      'DNAT only rewrites the destination. The packet is then forwarded, and passes `FORWARD` with its new address and port:',
      'a chain that denies what nobody names must accept it there.',
    ),
    instead: paragraphs(
      'Accept the translated destination in FORWARD: `-A FORWARD -d SERVER -p tcp --dport PORT -j ACCEPT`; or everything',
      'that was translated, by `-m conntrack --ctstate DNAT`.',
    ),
    suppress:
      'Where another program adds the rule to FORWARD, or the address is one of this host (better: say so by a hint).',
  },
  kernel: [
    'include/uapi/linux/netfilter_ipv4.h:nf_ip_hook_priorities',
    'net/netfilter/nf_nat_core.c:nf_nat_setup_info',
  ],
  bad: [
    {
      title: 'Only answers are forwarded',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i wan0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.9.2.2:80
#                                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ 10.9.2.2
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
      fixed: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i wan0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.9.2.2:80
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -d 10.9.2.2/32 -i wan0 -p tcp -m tcp --dport 80 -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'One of two servers is forgotten, in a router that ends with a REJECT',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.5/32 -p tcp -m multiport --dports 80,443 -j DNAT --to-destination 192.168.1.10
-A PREROUTING -d 203.0.113.5/32 -p tcp -m tcp --dport 25 -j DNAT --to-destination 192.168.1.11
#                                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ 192.168.1.11
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan0 -o wan0 -j ACCEPT
-A FORWARD -d 192.168.1.10/32 -p tcp -m state --state NEW -m multiport --dports 80,443 -j ACCEPT
-A FORWARD -j REJECT --reject-with icmp-host-prohibited
COMMIT
`,
    },
    {
      title: 'FORWARD accepts the port as it was before',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:port-forward - [0:0]
-A PREROUTING -i wan0 -j port-forward
-A port-forward -p udp -m udp --dport 5000 -j DNAT --to-destination 192.168.1.20:53
#                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ 192.168.1.20
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i wan0 -d 192.168.1.20/32 -p udp -m udp --dport 5000 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The translated destination is accepted',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i wan0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.9.2.2:80
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -d 10.9.2.2/32 -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Whatever was translated is accepted; the original port is',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i wan0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.9.2.2:80
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i wan0 -m conntrack --ctstate DNAT -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The address is one of this host',
      code: `# chainwalk: interface=eth0 address=203.0.113.5/24 interface=eth1 address=10.0.0.1/24
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -p tcp -m tcp --dport 2222 -j DNAT --to-destination 10.0.0.1:22
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`,
    },
    {
      title: "Docker's rules, whole",
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  if (!mayDenyByDefault(context, 'FORWARD')) return [];
  const reports = new Map<number, Report>();
  for (const nat of natRules(context, DESTINATION_NAT).filter((rule) => isToAnother(context, rule))) {
    const { line } = nat.ref.rule;
    const found = reports.has(line) ? undefined : report(context, nat);
    if (found) reports.set(line, found);
  }
  return [...reports.values()];
}

function isToAnother({ hints }: LintContext, { hook, addresses }: NatRule): boolean {
  if (hook !== 'PREROUTING' || addresses === undefined || isLoopback(addresses.min)) return false;
  return !isLocalAddress(hints, addresses.min);
}

function report(context: LintContext, nat: NatRule): Report | undefined {
  const denied = deniedAltogether(context, nat);
  const found = denied && confirm(context, nat, denied);
  if (denied === undefined || found === undefined) return undefined;
  return {
    span: targetSpan(context.document, nat.ref),
    message: [
      `${nameOf(nat.ref)} sends ${describeBox(context.walker().space, found.box)} on, but FORWARD lets none of it through:`,
      `${denierText(denied, 'FORWARD')}. Accept the translated destination there.`,
    ].join(' '),
    related: [],
    fixes: helpfulFixes(context, found.witness, [accept(context, found.box)]),
    witness: found.witness,
  };
}

/** Some of what becomes of the translated packets, where all of them are denied. */
function deniedAltogether(context: LintContext, nat: NatRule): Outcome | undefined {
  const outcomes: Outcome[] = [];
  for (const { opening } of flowShapes(context.ruleset.family)) {
    for (const box of nat.boxes) {
      const shape = intersectBoxes(translatedBox(nat, box), opening);
      if (shape === undefined) continue;
      const some = outcomesOf(context, 'FORWARD', shape, 'NEW', context.walker());
      if (some === undefined) return undefined;
      // What is private is not behind the interface to the Internet.
      outcomes.push(...some.filter((outcome) => ordinaryTraffic(context.walker(), outcome.box) !== undefined));
    }
  }
  const isShut = outcomes.length > 0 && outcomes.every((outcome) => outcome.certain && isDenied(outcome));
  return isShut ? outcomes.find((outcome) => isDeniedByDefault(outcome, 'FORWARD')) : undefined;
}

function confirm(context: LintContext, nat: NatRule, denied: Outcome) {
  const walker = context.walker();
  const { addresses } = nat;
  if (addresses === undefined) return undefined;
  for (const { opening } of flowShapes(context.ruleset.family)) {
    const start = intersectBoxes(startOf(walker.space, 'INPUT', context.hints), opening);
    const piece = start && packetsOfPath(walker, nat.path, start)[0];
    const { src, in: inside } = denied.box;
    const box = piece && intersectBoxes(piece.box, { ...(src && { src }), ...(inside && { in: inside }) });
    const witness: Witness | undefined = box && forwardedTo(walker, box, addresses.min, context.hints, 'denied');
    const own = nat.boxes[0];
    if (witness && own && suffers(context.ruleset, witness)) return { witness, box: translatedBox(nat, own) };
  }
  return undefined;
}

function accept(context: LintContext, box: Box): Fix | undefined {
  const { state: _, mark: __, ...headers } = box;
  const words = printBox(context.walker().space, headers);
  const rule = words && ['-A', 'FORWARD', ...words, '-j', 'ACCEPT'].join(' ');
  const edit = rule === undefined ? undefined : firstInChain(context.document, context, 'filter', 'FORWARD', rule);
  return edit && { title: 'Accept it in FORWARD', edits: [edit], safe: false, scope: { kind: 'packets', of: {} } };
}
