import { PROTOCOL } from '../../../../src-sim/net/protocol';
import { type Box, intersectBoxes } from '../../analysis/packet-set';
import { points, statesOf } from '../../analysis/packet-space';
import { effectOf, packetsOfPath, type RuleRef } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Witness } from '../finding';
import { stateIn } from '../harm';
import { withSets } from '../known-sets';
import { pickPacket } from '../pick-packet';
import { ruleSpan } from '../places';
import { hasUntracking } from '../untracked-flows';
import { startOf, type WayName } from '../way';
import { fateOf, hostFor, scenarioPacket } from '../witness';

export const sourcePortTrust = defineRule({
  code: 'source-port-trust',
  title: 'Whoever sends from this port reaches every port',
  severity: 'warning',
  group: 'order',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'A rule accepts by the source port alone, in INPUT or FORWARD: no destination port, no state, no sender. The witness',
      'reaches a port that is shut for everybody else.',
    ),
    why: paragraphs(
      'The sender chooses the source port. A rule that was written for the answers of a name server (`--sport 53`) lets',
      'anybody in who sends from port 53, to every port of the host.',
    ),
    instead: 'Accept answers by their state: `-m conntrack --ctstate ESTABLISHED -j ACCEPT`.',
    suppress: 'Where the flow is un-tracked, and the sender is known by other means.',
  },
  kernel: ['net/netfilter/xt_tcpudp.c:udp_mt'],
  bad: [
    {
      title: 'Answers of name servers, and everything else from port 53',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p udp -m udp --sport 53 -j ACCEPT
#=== whoever sends from port 53 reaches every UDP port
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'In a chain, and for several ports',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:answers - [0:0]
-A INPUT -i eth0 -j answers
-A answers -p tcp -m multiport --sports 20,80,443 -j ACCEPT
#=== whoever sends from port 80 reaches every TCP port
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'DHCP says both ports, an answer its state, a peer its address',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m udp --sport 67 --dport 68 -j ACCEPT
-A INPUT -p udp -m udp --sport 53 -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A INPUT -s 192.0.2.53/32 -p udp -m udp --sport 53 -j ACCEPT
-A INPUT -i lo -p udp -m udp --sport 53 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Un-tracked answers have no state',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --sport 53 -j NOTRACK
-A OUTPUT -p udp -m udp --dport 53 -j NOTRACK
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m udp --sport 53 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Everything is open anyway',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m udp --sport 53 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { rule: check },
});

function check(ref: RuleRef, context: LintContext): readonly Report[] {
  if (ref.table !== 'filter' || !asksForSourcePort(ref) || effectOf(ref.rule.target)?.kind !== 'accept') return [];
  const reach = context.reachOf(ref);
  if (reach.kind !== 'reached') return [];
  const way = WAYS[reach.sample.path[0]?.chain ?? ''];
  if (way === undefined) return [];
  const walker = context.walker();
  const start = intersectBoxes(startOf(walker.space, way, context.hints), { state: statesOf('NEW') });
  const pieces = start ? packetsOfPath(walker, reach.sample.path, start) : [];
  const trusted = pieces.find(({ box, exact }) => exact && isOpen(box, start ?? {}));
  const witness = trusted && findWitness(context, way, trusted.box);
  if (trusted === undefined || witness === undefined) return [];
  const protocol = protocolWord(trusted.box);
  return [
    {
      span: ruleSpan(context.document, ref),
      message: `${nameOf(ref)}: whoever sends from port ${witness.packets[0]?.sport} reaches every ${protocol} port, ${witness.packets[0]?.dport} for one. Accept answers by ESTABLISHED`,
      related: [],
      fixes: [],
      witness,
    },
  ];
}

const WAYS: { readonly [hook: string]: WayName } = { INPUT: 'INPUT', FORWARD: 'FORWARD' };

/** The sender's port is all that the rule minds; who sends, and where to, is left open. */
function isOpen(box: Box, start: Box): boolean {
  return (
    box.sport !== undefined &&
    portCount(box) <= MOST_PORTS &&
    box.dport === undefined &&
    box.tcpFlags === undefined &&
    box.src === start.src &&
    box.dst === start.dst
  );
}

/** More ports than a list has are no service, but a range that clients send from. */
const MOST_PORTS = 15;

function portCount({ sport = [] }: Box): number {
  return sport.reduce((sum, { start, end }) => sum + Number(end) - Number(start), 0);
}

function asksForSourcePort({ rule }: RuleRef): boolean {
  return rule.matches.some(({ options }) => options.sport !== undefined || options.sports !== undefined);
}

/** Ports that are shut, mostly. */
const SHUT_PORTS = [3306, 5432, 6379, 8080, 31_337];
const OTHER_PORT = 40_001;

function findWitness(context: LintContext, way: WayName, box: Box): Witness | undefined {
  const { ruleset, hints } = context;
  for (const port of SHUT_PORTS) {
    const packet = pickPacket(context.walker().space, { ...box, dport: points([port]) }, way);
    if (packet === undefined) return undefined;
    const host = withSets(context, hostFor(packet, way, hints));
    const witness: Witness = { host, packets: [scenarioPacket(packet, way)], victim: 0, harm: 'accepted' };
    const fate = fateOf(ruleset, witness);
    // Without conntrack there is no state to ask for.
    if (!fate?.isAccepted || (hasUntracking(ruleset) && stateIn(fate.result) !== 'NEW')) return undefined;
    const other = { ...witness, packets: [scenarioPacket({ ...packet, sport: OTHER_PORT }, way)] };
    if (fateOf(ruleset, other)?.isAccepted === false) return witness;
  }
  return undefined;
}

function protocolWord({ protocol }: Box): string {
  return Number(protocol?.[0]?.start) === PROTOCOL.udp ? 'UDP' : 'TCP';
}
