import { addressRange } from '../../../../src-sim/net/address-interval';
import { isSubset } from '../../../../src-sim/net/interval-set';
import { isDirector } from '../../analysis/hints';
import { type Box, intersectBoxes } from '../../analysis/packet-set';
import { packetsOfPath, type RuleRef } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { directorHost, type Virtual, virtualServices } from '../director';
import type { Witness } from '../finding';
import { TCP_FLOW } from '../flow-shapes';
import { suffers } from '../harm';
import { hookOfPath, pathsTo } from '../jump-path';
import { witnessRule } from '../nat-witness';
import { pickPacket } from '../pick-packet';
import { ruleSpan } from '../places';
import { rulesOf } from '../table-rules';
import { startOf } from '../way';
import { scenarioPacket } from '../witness';

export const lvsVipFilteredInForward = defineRule({
  code: 'lvs-vip-filtered-in-forward',
  title: 'FORWARD filters a virtual address that packets never pass there',
  severity: 'warning',
  group: 'lvs',
  proof: 'packets',
  docs: {
    what: 'On an LVS director a rule of FORWARD names a virtual address as the destination.',
    why: paragraphs(
      'A virtual address is one of the director: packets to it are delivered locally and pass `INPUT`, at the end of which',
      'IPVS takes them. What it hands on leaves through `OUTPUT`. `FORWARD` sees nothing but the answers of LVS-NAT, which',
      'come from the real servers and go to clients.',
    ),
    instead: 'Put the rule into INPUT.',
    suppress: 'Where the address is a virtual one on another host as well, which this one routes to.',
  },
  kernel: ['net/netfilter/ipvs/ip_vs_core.c:ip_vs_ops4'],
  bad: [
    {
      title: 'The service is let through where nobody passes',
      code: `# chainwalk: role=lvs-director mode=dr vip=203.0.113.10
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -d 203.0.113.10/32 -p tcp -m tcp --dport 80 -j ACCEPT
#=== INPUT
COMMIT
`,
    },
    {
      title: 'A guard that guards nothing, in a chain',
      code: `# chainwalk: role=lvs-director mode=nat vip=203.0.113.10
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:web - [0:0]
-A FORWARD -p tcp -j web
-A web ! -s 198.51.100.0/24 -d 203.0.113.10/32 -p tcp -m tcp --dport 8080 -j DROP
#=== INPUT
COMMIT
`,
    },
    {
      title: 'A tunnelling director, IPv6',
      family: 'ipv6',
      code: `# chainwalk: role=lvs-director mode=tun vip=2001:db8:203::10
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -d 2001:db8:203::10/128 -p tcp -m multiport --dports 80,443 -j ACCEPT
#=== INPUT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'In INPUT',
      code: `# chainwalk: role=lvs-director mode=dr vip=203.0.113.10
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -d 203.0.113.10/32 -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Answers of LVS-NAT pass FORWARD',
      code: `# chainwalk: role=lvs-director mode=nat vip=203.0.113.10
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -s 10.0.0.0/24 -p tcp -m tcp --sport 80 -j ACCEPT
-A FORWARD -d 10.0.0.0/24 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'No director',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -d 203.0.113.10/32 -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  if (!isDirector(context.hints)) return [];
  const virtuals = [...virtualServices(context.hints), ...context.hints.vips.map((address): Virtual => ({ address }))];
  const walker = context.walker();
  return rulesOf(context.ruleset, 'filter')
    .filter(({ chain }) => chain !== 'INPUT' && chain !== 'OUTPUT')
    .flatMap((ref) => {
      const [piece] = packetsOfPath(walker, [ref], TCP_FLOW.opening);
      const virtual = virtuals.find(({ address }) => isFor(piece?.box, address));
      const paths = virtual === undefined ? [] : pathsTo(context.ruleset, ref);
      if (virtual === undefined || paths.length === 0) return [];
      return paths.every((path) => hookOfPath(path) === 'FORWARD') ? (report(context, ref, virtual) ?? []) : [];
    });
}

function isFor(box: Box | undefined, address: string): boolean {
  return box?.dst !== undefined && isSubset(box.dst, addressRange(address, address));
}

function report(context: LintContext, ref: RuleRef, { address }: Virtual): Report | undefined {
  const witness = passingInput(context, ref, address);
  if (witness === undefined || !suffers(context.ruleset, witness)) return undefined;
  return {
    span: ruleSpan(context.document, ref),
    message: [
      `${nameOf(ref)} waits in FORWARD for packets to ${address}, which is virtual: they pass INPUT, where IPVS takes them.`,
      'Put the rule there.',
    ].join(' '),
    related: [],
    fixes: [],
    witness,
  };
}

/** A client's SYN, as the rule asks for it, which INPUT sees. */
function passingInput(context: LintContext, ref: RuleRef, address: string): Witness | undefined {
  const walker = context.walker();
  const known = { ...context.hints, vips: [...context.hints.vips, address] };
  const start = intersectBoxes(startOf(walker.space, 'INPUT', known), TCP_FLOW.opening);
  const [piece] = packetsOfPath(walker, [ref], TCP_FLOW.opening);
  const { out: _, in: __, srcType: ___, dstType: ____, ...headers } = piece?.box ?? {};
  const box = start && intersectBoxes(start, headers);
  const packet = box && pickPacket(walker.space, box, 'INPUT');
  if (packet?.dport === undefined) return undefined;
  const packets = [scenarioPacket(packet, 'INPUT')];
  return { host: directorHost(packet, context.hints), packets, victim: 0, harm: 'missed', rule: witnessRule(ref) };
}
