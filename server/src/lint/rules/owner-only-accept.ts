import type { Rule, Ruleset } from '../../../../src-sim/netfilter/ruleset';
import { intersectBoxes } from '../../analysis/packet-set';
import { createWalker, packetsOfPath, type RuleRef } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { acceptEstablished, denierText } from '../established';
import type { Witness } from '../finding';
import { TCP_FLOW } from '../flow-shapes';
import { flowWitness } from '../flow-witness';
import { suffers } from '../harm';
import { isDeniedByDefault, outcomesOf } from '../outcomes';
import { pickPacket } from '../pick-packet';
import { ruleSpan } from '../places';
import { hasTarget, rulesOf } from '../table-rules';
import { helpfulFixes, saves } from '../try-fix';
import { fateOf } from '../witness';

export const ownerOnlyAccept = defineRule({
  code: 'owner-only-accept',
  title: 'Connections get out by their owner alone',
  severity: 'warning',
  group: 'state',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'OUTPUT denies what nobody names, and accepts the connections of a user by `-m owner`, but no ESTABLISHED packets.',
    ),
    why: paragraphs(
      'A packet has an owner while a socket sends it. What the kernel sends by itself has none: RSTs, the last segments',
      'after the process has closed its socket or ended, retransmissions of those. They are denied, and transfers hang at',
      'their end.',
    ),
    instead: 'Accept `RELATED,ESTABLISHED` in OUTPUT, and ask for the owner of NEW packets only.',
    suppress: 'Where the flow consists of single packets.',
  },
  kernel: ['net/netfilter/xt_owner.c:owner_mt', 'net/ipv4/tcp_ipv4.c:tcp_v4_send_reset'],
  bad: [
    {
      title: 'A user may go out',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A OUTPUT -m owner --uid-owner 1000 -j ACCEPT
#=== no owner
COMMIT
`,
      fixed: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -m owner --uid-owner 1000 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The group of a proxy, and a REJECT for all others',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -p tcp -m multiport --dports 80,443 -m owner --gid-owner 13 -j ACCEPT
#=== no owner
-A OUTPUT -j REJECT --reject-with icmp-port-unreachable
COMMIT
`,
    },
    {
      title: 'In a chain of its own',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:users - [0:0]
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -p udp -m udp --dport 53 -j ACCEPT
-A OUTPUT -j users
-A users -m owner --uid-owner 0-999 -j ACCEPT
#=== no owner
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'ESTABLISHED is accepted first',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -m owner --uid-owner 1000 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Others are denied by name',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A OUTPUT -p tcp -m tcp --dport 25 -m owner --gid-owner 8 -j ACCEPT
-A OUTPUT -p tcp -m tcp --dport 25 -j REJECT --reject-with icmp-port-unreachable
COMMIT
`,
    },
    {
      title: 'The resolver asks in single packets',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A OUTPUT -p udp -m udp --dport 53 -m owner --uid-owner 53 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: (context) => check(context) ?? [] },
});

function check(context: LintContext): readonly Report[] | undefined {
  const owned = rulesOf(context.ruleset, 'filter').filter((ref) => hasTarget(ref, 'ACCEPT') && ownerOf(ref.rule));
  if (owned.length === 0) return undefined;
  // To a packet without an owner these rules are not there.
  const unowned = { ...context, ruleset: withoutOwners(context.ruleset) };
  const walker = createWalker(unowned.ruleset);
  const outcomes = outcomesOf(unowned, 'OUTPUT', TCP_FLOW.next, 'ESTABLISHED', walker) ?? [];
  const denied = outcomes.filter((outcome) => isDeniedByDefault(outcome, 'OUTPUT'));
  for (const ref of owned) {
    for (const outcome of denied) {
      const witness = lostReset(context, ref, outcome.box);
      if (witness === undefined) continue;
      const fix = acceptEstablished(context, 'OUTPUT');
      if (fix === undefined || !saves(context, fix.edits, witness)) continue;
      return [
        {
          span: ruleSpan(context.document, ref),
          message: [
            `${nameOf(ref)} lets connections out by their owner, but what the kernel sends for them has no owner:`,
            `RSTs, and segments after the socket was closed; ${denierText(outcome, 'OUTPUT')}.`,
            'Accept RELATED,ESTABLISHED in OUTPUT.',
          ].join(' '),
          related: [],
          fixes: helpfulFixes(context, witness, [fix]),
          witness,
        },
      ];
    }
  }
  return undefined;
}

interface Owner {
  readonly uid?: number;
  readonly gid?: number;
}

/** Whom a rule asks for; undefined where it does not, or where it only excludes somebody. */
function ownerOf({ matches }: Rule): Owner | undefined {
  const options = matches.find(({ name }) => name === 'owner')?.options ?? {};
  const uid = leastOf(options['uid-owner']);
  const gid = leastOf(options['gid-owner']);
  if (uid === undefined && gid === undefined) return undefined;
  return { ...(uid !== undefined && { uid }), ...(gid !== undefined && { gid }) };
}

function leastOf(given: Rule['matches'][number]['options'][string] | undefined): number | undefined {
  const value = given?.value;
  if (given === undefined || given.inverted || typeof value !== 'object' || value === null) return undefined;
  return 'min' in value && typeof value.min === 'number' ? value.min : undefined;
}

function withoutOwners(ruleset: Ruleset): Ruleset {
  const never = (rule: Rule): Rule => (ownerOf(rule) ? { ...rule, matches: [], target: { kind: 'none' } } : rule);
  const tables = ruleset.tables.map((table) => ({
    ...table,
    chains: table.chains.map((chain) => ({ ...chain, rules: chain.rules.map(never) })),
  }));
  return { ...ruleset, tables };
}

/** The owner's connection is answered, and the reset that the kernel sends does not get out. */
function lostReset(
  context: LintContext,
  ref: RuleRef,
  { mark: _, state: __, tcpFlags: ___, ...headers }: Parameters<typeof intersectBoxes>[0],
): Witness | undefined {
  const walker = context.walker();
  const start = intersectBoxes(headers, TCP_FLOW.opening);
  const [piece] = start ? packetsOfPath(walker, [ref], start) : [];
  const packet = piece && pickPacket(walker.space, piece.box, 'OUTPUT');
  if (packet === undefined) return undefined;
  const { packets, host, ...witness } = flowWitness(packet, 'OUTPUT', context.hints, 'answer', 'unanswered');
  const [opens, ...others] = packets;
  if (opens === undefined) return undefined;
  const { listen: _____, ...silent } = host;
  const found = { ...witness, host: silent, packets: [{ ...opens, ...ownerOf(ref.rule) }, ...others] };
  const begins = fateOf(context.ruleset, { ...found, victim: 0 })?.isAccepted;
  return begins && suffers(context.ruleset, found) ? found : undefined;
}
