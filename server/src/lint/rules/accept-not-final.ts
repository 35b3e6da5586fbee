import { type Box, intersectBoxes } from '../../analysis/packet-set';
import { effectOf, packetsOfPath, type RuleRef, type Walker } from '../../analysis/rule-packets';
import { arrivingPacket } from '../arriving-packet';
import { rulesOf } from '../dead-rules';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Witness } from '../finding';
import { withSets } from '../known-sets';
import { ruleSpan } from '../places';
import { fateOf, hostFor, scenarioPacket } from '../witness';

export const acceptNotFinal = defineRule({
  code: 'accept-not-final',
  title: 'ACCEPT ends its own table only',
  severity: 'information',
  group: 'order',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'A rule of `raw` or `mangle` accepts packets by where they come from or go to, and `filter` denies the same packets later.',
      'Tables that mark, translate or un-track are not told: there ACCEPT means "no mark for these".',
    ),
    why: paragraphs(
      'A packet walks through every table. ACCEPT ends the walk through this one; `filter` is asked all the same, and its',
      'policy decides.',
    ),
    instead: 'Accept the packets in `filter`.',
    suppress: 'Where the rule only spares the packets what stands below it.',
  },
  kernel: ['net/netfilter/core.c:nf_hook_slow'],
  bad: [
    {
      title: 'An exemption that is none',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -s 192.0.2.1/32 -j ACCEPT
#=== ends mangle only: filter denies the same packets
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'What raw drops is none of its packets',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -s 198.51.100.4/32 -p tcp -m tcp --dport 5432 -j ACCEPT
#=== ends raw only: filter denies the same packets
-A PREROUTING -p udp -m udp --dport 11211 -j DROP
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 5432 -j DROP
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Spared a mark, and accepted in filter too',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -s 192.0.2.1/32 -j ACCEPT
-A PREROUTING -j MARK --set-mark 1
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 192.0.2.1/32 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Spared what raw drops',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -s 192.0.2.1/32 -j ACCEPT
-A PREROUTING -p udp -m udp --dport 11211 -j DROP
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const tables = context.ruleset.tables.filter(({ name }) => name === 'raw' || name === 'mangle');
  return tables.flatMap(({ name: table, chains }) =>
    chains
      .filter(({ name }) => name === 'PREROUTING' || name === 'OUTPUT')
      .flatMap(({ name: chain, rules }) =>
        rules.flatMap((rule, index) => report(context, { table, chain, number: index + 1, rule }) ?? []),
      ),
  );
}

/** Where no later rule of the chain is for its packets, the ACCEPT spares them nothing there: it is meant for good. */
function sparesNothing({ ruleset, walker }: LintContext, ref: RuleRef): boolean {
  const { table, chain, number } = ref;
  const own = boxesOf(walker(), ref);
  return rulesOf(ruleset, { table, chain })
    .slice(number)
    .map((rule, index): RuleRef => ({ table, chain, number: number + index + 1, rule }))
    .filter(({ rule }) => !['accept', 'return'].includes(effectOf(rule.target)?.kind ?? ''))
    .every((later) => boxesOf(walker(), later).every((box) => own.every((one) => !intersectBoxes(one, box))));
}

function boxesOf(walker: Walker, ref: RuleRef): readonly Box[] {
  return packetsOfPath(walker, [ref], {}).map(({ box }) => box);
}

function report(context: LintContext, ref: RuleRef): Report | undefined {
  if (effectOf(ref.rule.target)?.kind !== 'accept' || !saysWho(ref)) return undefined;
  const arriving = arrivingPacket(context, [ref]);
  if (arriving === undefined) return undefined;
  const { packet, way } = arriving;
  const host = withSets(context, hostFor(packet, way, context.hints));
  const witness: Witness = { host, packets: [scenarioPacket(packet, way)], victim: 0, harm: 'denied' };
  const result = fateOf(context.ruleset, witness)?.result;
  const isMet = result?.steps.some(
    (step) => step.kind === 'rule' && step.matched && step.table === ref.table && step.number === ref.number,
  );
  const where = result && 'where' in result.fate ? result.fate.where : undefined;
  if (!isMet || !where?.startsWith('filter:') || !sparesNothing(context, ref)) return undefined;
  return {
    span: ruleSpan(context.document, ref),
    message: `${nameOf(ref)} ends ${ref.table} only: filter denies the same packets. Accept them there`,
    related: [],
    fixes: [],
    witness,
  };
}

function saysWho({ rule }: RuleRef): boolean {
  return rule.matches.some(({ options }) => options.source !== undefined || options.destination !== undefined);
}
