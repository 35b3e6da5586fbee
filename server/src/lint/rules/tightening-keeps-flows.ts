import { addressFromValue } from '../../../../src-sim/net/address';
import { addressRange } from '../../../../src-sim/net/address-interval';
import { type Box, intersectBoxes } from '../../analysis/packet-set';
import { effectOf, packetsOfPath, type RuleRef } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Witness } from '../finding';
import { TCP_FLOW } from '../flow-shapes';
import { lonePacket } from '../flow-witness';
import { suffersAs } from '../harm';
import { hookOfPath, pathsTo } from '../jump-path';
import { pickPacket } from '../pick-packet';
import { ruleSpan } from '../places';
import { asksFor, statesAskedBy } from '../state-words';
import { rulesOf } from '../table-rules';
import { startOf, type WayName } from '../way';

export const tighteningKeepsFlows = defineRule({
  code: 'tightening-keeps-flows',
  title: 'A block below ESTABLISHED leaves living connections alone',
  severity: 'information',
  group: 'state',
  proof: 'packets',
  docs: {
    what: 'A rule denies one host, below the rule that accepts ESTABLISHED. Said once for a chain.',
    why: paragraphs(
      'What is ESTABLISHED has been accepted before the block is asked. A connection that the host has now goes on for as long',
      'as it likes; the block keeps out new ones only.',
    ),
    instead:
      'After such a change end its connections: `conntrack -D -s ADDRESS`; or put blocks of hosts above ESTABLISHED.',
    suppress: 'Where only new connections are meant to be kept out.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ipt_do_table', 'net/netfilter/nf_conntrack_core.c:resolve_normal_ct'],
  bad: [
    {
      title: 'A host that is no longer wanted',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A FORWARD -s 192.0.2.7/32 -p tcp -m tcp --dport 80 -j DROP
#=== conntrack -D -s 192.0.2.7
-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A list of bad hosts in a chain of its own; said once',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:blocked - [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -j blocked
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A blocked -s 198.51.100.66/32 -j DROP
#=== conntrack -D -s 198.51.100.66
-A blocked -s 198.51.100.67/32 -j DROP
COMMIT
`,
    },
    {
      title: 'Rejected, by destination',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -d 203.0.113.99/32 -j REJECT --reject-with icmp-host-prohibited
#=== conntrack -D -d 203.0.113.99
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The block comes first',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 198.51.100.66/32 -j DROP
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The block is for what is NEW, and says so',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 198.51.100.66/32 -m conntrack --ctstate NEW -j DROP
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A network is denied, not a host',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 10.0.0.0/8 -j DROP
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -j DROP
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const rules = rulesOf(context.ruleset, 'filter');
  if (!rules.some(({ rule }) => asksFor(rule, 'ESTABLISHED'))) return [];
  const reports = new Map<string, Report>();
  for (const ref of rules) {
    if (!['drop', 'reject'].includes(effectOf(ref.rule.target)?.kind ?? '') || statesAskedBy(ref.rule)) continue;
    const host = reports.has(ref.chain) ? undefined : hostOf(context, ref);
    const found = host && report(context, ref, host);
    if (found) reports.set(ref.chain, found);
  }
  return [...reports.values()];
}

interface BlockedHost {
  readonly end: 'src' | 'dst';
  readonly address: string;
}

/** The one host that a rule is for. */
function hostOf(context: LintContext, ref: RuleRef): BlockedHost | undefined {
  const walker = context.walker();
  const pieces = packetsOfPath(walker, [ref], {});
  const [piece] = pieces;
  if (piece === undefined || pieces.length !== 1 || !piece.exact) return undefined;
  for (const end of ['src', 'dst'] as const) {
    const [only] = piece.box[end] ?? [];
    const isOne = piece.box[end]?.length === 1 && only && BigInt(only.end) - BigInt(only.start) === 1n;
    if (only && isOne) return { end, address: addressFromValue(BigInt(only.start), walker.space.family) };
  }
  return undefined;
}

function report(context: LintContext, ref: RuleRef, { end, address }: BlockedHost): Report | undefined {
  const path = pathsTo(context.ruleset, ref)[0];
  const way = path && hookOfPath(path);
  if (path === undefined || (way !== 'INPUT' && way !== 'FORWARD')) return undefined;
  if (way === 'INPUT' && end === 'dst') return undefined;
  const witness = living(context, path, way, { [end]: addressRange(address, address) });
  if (witness === undefined || !suffersAs(context.ruleset, witness, 'ESTABLISHED')) return undefined;
  return {
    span: ruleSpan(context.document, ref),
    message: [
      `${nameOf(ref)} denies new connections of ${address} only: those that it has are accepted as ESTABLISHED before.`,
      `To end them: conntrack -D -${end === 'src' ? 's' : 'd'} ${address}.`,
    ].join(' '),
    related: [],
    fixes: [],
    witness,
  };
}

/** A packet of a connection that the table of conntrack has already. */
function living(context: LintContext, path: readonly RuleRef[], way: WayName, host: Box): Witness | undefined {
  const walker = context.walker();
  const shape = intersectBoxes({ ...TCP_FLOW.next }, host);
  const start = shape && intersectBoxes(startOf(walker.space, way, context.hints), shape);
  const [piece] = start ? packetsOfPath(walker, path, start) : [];
  const packet = piece && pickPacket(walker.space, piece.box, way);
  if (packet?.sport === undefined || packet.dport === undefined) return undefined;
  const witness = lonePacket(packet, way, context.hints, 'accepted', { flags: 'A' });
  const { src, dst, sport, dport } = packet;
  const family = src.includes(':') ? 'ipv6     10' : 'ipv4     2';
  const there = `src=${src} dst=${dst} sport=${sport} dport=${dport}`;
  const back = `src=${dst} dst=${src} sport=${dport} dport=${sport}`;
  const entry = `${family} tcp      6 431999 ESTABLISHED ${there} ${back} [ASSURED] mark=0 zone=0 use=2`;
  return { ...witness, host: { ...witness.host, conntrack: [entry] } };
}
