import { type Address, addressFromValue, addressValue, familyOf } from '../../../../src-sim/net/address';
import { addressRange } from '../../../../src-sim/net/address-interval';
import { intersectBoxes } from '../../analysis/packet-set';
import { packetsOfPath } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Witness } from '../finding';
import { TCP_FLOW } from '../flow-shapes';
import { suffers } from '../harm';
import { isLoopback, type NatRule, natRules, SOURCE_NAT } from '../nat-rules';
import { pickPacket } from '../pick-packet';
import { targetSpan } from '../places';
import { isLocalAddress, startOf } from '../way';
import { scenarioPacket } from '../witness';

export const hairpinMissing = defineRule({
  code: 'hairpin-missing',
  title: 'Clients beside the server cannot reach it by its public address',
  severity: 'information',
  group: 'nat',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'A DNAT for a public address takes clients of the inner network too, and nothing rewrites the source of those that sit',
      'beside the server.',
    ),
    why: paragraphs(
      'The server answers such a client directly, past the router: the answer comes from an address that the client has not',
      'asked, and is thrown away. From outside everything works.',
    ),
    instead:
      '`-A POSTROUTING -s LAN -d SERVER -p tcp --dport PORT -j MASQUERADE`; or a name that means the inner address inside.',
    suppress: 'Where no client shares the network with the server, or DNS gives them its inner address.',
  },
  kernel: ['net/netfilter/nf_nat_core.c:nf_nat_manip_pkt'],
  bad: [
    {
      title: 'By the public address',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.5/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.1.10
#                                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ beside 192.168.1.10
COMMIT
`,
    },
    {
      title: 'MASQUERADE is for the outer interface only',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m addrtype --dst-type LOCAL -m tcp --dport 443 -j DNAT --to-destination 10.0.0.7:8443
#                                                                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ beside 10.0.0.7
-A POSTROUTING -s 10.0.0.0/24 -o wan0 -j MASQUERADE
COMMIT
`,
    },
    {
      title: 'Hairpin for another server',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.5/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.1.10
-A PREROUTING -d 203.0.113.5/32 -p tcp -m tcp --dport 25 -j DNAT --to-destination 192.168.1.11
#                                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ beside 192.168.1.11
-A POSTROUTING -s 192.168.1.0/24 -d 192.168.1.10/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
`,
    },
    {
      title: 'Only the LAN is let through FORWARD from everywhere',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 8123 -m addrtype --dst-type LOCAL -j DNAT --to-destination 192.168.1.50:8123
#                                                                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ clients beside 192.168.1.50
-A POSTROUTING -o ppp0 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i br-lan -j ACCEPT
-A FORWARD -d 192.168.1.50/32 -i ppp0 -p tcp -m tcp --dport 8123 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The source of inner clients is rewritten too',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.5/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.1.10
-A POSTROUTING -s 192.168.1.0/24 -d 192.168.1.10/32 -p tcp -m tcp --dport 80 -j MASQUERADE
COMMIT
`,
    },
    {
      title: 'Whatever was translated, and comes from within',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.5/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.1.10
-A POSTROUTING -s 192.168.1.0/24 -m conntrack --ctstate DNAT -j MASQUERADE
COMMIT
`,
    },
    {
      title: 'For clients from outside only',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.5/32 -i wan0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.1.10
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const hairpins = natRules(context, SOURCE_NAT).filter(({ hook }) => hook === 'POSTROUTING');
  const reports = new Map<number, Report>();
  for (const nat of natRules(context, ['DNAT']).filter((rule) => isForAll(context, rule))) {
    const { line } = nat.ref.rule;
    const to = nat.addresses?.min;
    if (to === undefined || reports.has(line) || hairpins.some((rule) => standsIn(rule, to))) continue;
    const witness = neighbours(context, nat, to).find((one) => suffers(context.ruleset, one));
    if (witness === undefined) continue;
    reports.set(line, {
      span: targetSpan(context.document, nat.ref),
      message: [
        `${nameOf(nat.ref)} sends clients beside ${to} to it as well, with their own source: it answers them directly,`,
        'from an address that they have not asked. Rewrite their source in POSTROUTING.',
      ].join(' '),
      related: [],
      fixes: [],
      witness,
    });
  }
  return [...reports.values()];
}

/** A public address or whatever is local, from whatever side. */
function isForAll({ hints }: LintContext, { hook, boxes, exact, addresses }: NatRule): boolean {
  const [box] = boxes;
  if (hook !== 'PREROUTING' || !exact || box === undefined || addresses === undefined) return false;
  if (isLoopback(addresses.min) || isLocalAddress(hints, addresses.min)) return false;
  return (box.dst !== undefined || box.dstType !== undefined) && box.in === undefined && box.src === undefined;
}

/** A source NAT that is for packets to the server, or for all: the rule does not tell by which interface clients sit. */
function standsIn({ boxes, exact }: NatRule, to: Address): boolean {
  if (!exact) return true;
  return boxes.some(({ src, dst, out }) => {
    const clients = src === undefined || intersectBoxes({ src }, { src: networkOf(to) }) !== undefined;
    const server = dst === undefined || intersectBoxes({ dst }, { dst: addressRange(to, to) }) !== undefined;
    return clients && server && (dst !== undefined || out === undefined);
  });
}

/** The addresses that a server's clients in its own network have, as such networks mostly are. */
function networkOf(address: Address) {
  const value = addressValue(address);
  const first = value - (value & 0xffn);
  const family = familyOf(address);
  return addressRange(addressFromValue(first, family), addressFromValue(first + 0xffn, family));
}

/** So many interfaces are tried. */
const MOST_DEVICES = 6;

/** By each interface that the rules name, and by one that they do not. */
function neighbours(context: LintContext, nat: NatRule, to: Address): readonly Witness[] {
  const named = context.walker().space.interfaces.filter((name) => name !== '' && name !== 'lo');
  return ['lan0', ...named].slice(0, MOST_DEVICES).flatMap((inner) => neighbour(context, nat, to, inner) ?? []);
}

/** A client of the server's network asks for the public address. */
function neighbour(context: LintContext, nat: NatRule, to: Address, inner: string): Witness | undefined {
  const walker = context.walker();
  const start = intersectBoxes(startOf(walker.space, 'INPUT', context.hints), TCP_FLOW.opening);
  const [piece] = start ? packetsOfPath(walker, nat.path, start) : [];
  const packet = piece && pickPacket(walker.space, piece.box, 'INPUT');
  if (packet === undefined) return undefined;
  const value = addressValue(to);
  const family = familyOf(to);
  const other = (last: bigint) => addressFromValue(value - (value & 0xffn) + last, family);
  const src = (value & 0xffn) === 99n ? other(98n) : other(99n);
  const outer = inner === 'wan0' ? 'wan1' : 'wan0';
  const length = family === 'ipv4' ? 24 : 64;
  const host = {
    interfaces: {
      [inner]: { addresses: [`${other(254n)}/${length}`] },
      [outer]: { addresses: [`${packet.dst}/${length}`] },
    },
    sysctl: { [family === 'ipv4' ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding']: 1 },
  };
  const packets = [scenarioPacket({ ...packet, src, in: inner }, 'INPUT')];
  return { host, packets, victim: 0, harm: 'answered-directly' };
}
