import type { Chain, Rule } from '../../../../src-sim/netfilter/ruleset';
import { type Box, intersectBoxes } from '../../analysis/packet-set';
import type { Dimension, Space } from '../../analysis/packet-space';
import { statesOf } from '../../analysis/packet-space';
import { boxOf, type RuleTest, ruleTest } from '../../analysis/reach/rule-test';
import type { RuleRef } from '../../analysis/rule-packets';
import { decisionOf, placesOf } from '../dead-report';
import { isMachineWritten } from '../dead-rules';
import { deadWitness } from '../dead-witness';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { ruleSpan } from '../places';

export const partialShadowConflict = defineRule({
  code: 'partial-shadow-conflict',
  title: 'A sender is denied below what is open to all',
  severity: 'information',
  group: 'order',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'A rule of INPUT or FORWARD denies senders by their address, and above it a rule accepts some of the same packets from everybody.',
      'The first such rule of a chain is told, with how many others stand below it. Where the special rule comes first, and',
      'where it is hidden wholly (`rule-shadowed`), nothing is said.',
    ),
    why: paragraphs(
      'The first rule that takes a packet decides. A ban below the open port bans from the other ports only: whoever is on the',
      'list still reaches what is open to all.',
    ),
    instead: 'Put the rules that deny by address before those that open ports.',
    suppress: 'Where the open port is meant for those who are denied, too.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ipt_do_table'],
  bad: [
    {
      title: 'Banned, but for the ports below 1024',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 1:1024 -j ACCEPT
-A INPUT -s 192.0.2.0/24 -p tcp -j DROP
#=== comes too late for some of its packets: filter:INPUT:1 (line 5) accepts them
-A INPUT -p tcp -m tcp --dport 8080 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The ban first',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 192.0.2.0/24 -p tcp -j DROP
-A INPUT -p tcp -m tcp --dport 1:1024 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A ban from one port, another port open, and names asked for in a network that is otherwise shut',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
-A INPUT -s 192.0.2.0/24 -p tcp -m tcp --dport 22 -j DROP
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A OUTPUT -p udp -m udp --dport 53 -j ACCEPT
-A OUTPUT -d 192.168.0.0/16 -j DROP
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const filter = context.ruleset.tables.find(({ name }) => name === 'filter');
  return (filter?.chains ?? []).flatMap((chain) =>
    isMachineWritten({ chain: chain.name }) ? [] : report(context, chain),
  );
}

/** Open rules that are remembered for each chain. */
const MOST_OPEN = 200;

function report(context: LintContext, { name: chain, rules }: Chain): readonly Report[] {
  const { space } = context.walker();
  const open: { readonly ref: RuleRef; readonly box: Box }[] = [];
  const late: { readonly ref: RuleRef; readonly by: RuleRef; readonly box: Box }[] = [];
  const decisions = rules.map((rule, index) => decisionOf({ table: 'filter', chain, number: index + 1, rule }));
  const lastDenial = decisions.lastIndexOf('deny');
  for (const [index, rule] of rules.slice(0, lastDenial + 1).entries()) {
    const ref: RuleRef = { table: 'filter', chain, number: index + 1, rule };
    const decision = decisions[index];
    if (decision === undefined || (decision === 'deny' && open.length === 0)) continue;
    const test = testOf(space, rule);
    if (decision === 'accept' && open.length < MOST_OPEN && isOpenToAll(test))
      open.push({ ref, box: boxOf(test.terms) });
    if (decision !== 'deny' || !isBan(test)) continue;
    const own = boxOf(test.terms);
    const taker = open.find(({ box }) => intersectBoxes(box, own) !== undefined);
    if (taker) late.push({ ref, by: taker.ref, box: intersectBoxes(taker.box, own) ?? own });
  }
  return found(context, late);
}

function found(
  context: LintContext,
  late: readonly { readonly ref: RuleRef; readonly by: RuleRef; readonly box: Box }[],
): readonly Report[] {
  for (const { ref, by, box } of late) {
    const reach = context.reachOf(ref);
    if (reach.kind !== 'reached' || reach.sample.path[0]?.chain === 'OUTPUT') continue;
    const packets = intersectBoxes(reach.sample.path.length > 1 ? reach.sample.box : atHook(reach.sample.box), box);
    const sample = packets && { ...reach.sample, box: packets };
    const witness = sample && deadWitness(context, ref, [by], sample);
    if (witness === undefined) continue;
    const others = late.length === 1 ? '' : ` (${late.length - 1} more of this kind stand in the chain)`;
    return [
      {
        span: ruleSpan(context.document, ref),
        message: `${nameOf(ref)} comes too late for some of its packets: ${nameOf(by)} accepts them before, from everybody${others}. Move it up`,
        related: placesOf(context.document, [by], 'accepts some of the packets'),
        fixes: [],
        witness,
      },
    ];
  }
  return [];
}

/** What packets have at the hook alone: the rest of a sample is what other rules left over. */
function atHook({ in: inside, out }: Box): Box {
  return { ...(inside && { in: inside }), ...(out && { out }) };
}

const STEADY = { mark: true, state: true, questions: true };

function testOf(space: Space, rule: Rule): RuleTest {
  return ruleTest(space, rule, STEADY);
}

const OF_SERVICES: ReadonlySet<Dimension> = new Set<Dimension>(['protocol', 'dport', 'state']);
const OF_BANS: ReadonlySet<Dimension> = new Set<Dimension>(['protocol', 'dport', 'src', 'dst']);

/** A service, or a whole protocol, for everybody who begins. */
function isOpenToAll({ terms, choices, exact, isOutside }: RuleTest): boolean {
  const box = boxOf(terms);
  const isForBeginners = box.state === undefined || intersectBoxes({ state: box.state }, NEW) !== undefined;
  return (
    exact &&
    !isOutside &&
    choices.length === 0 &&
    isForBeginners &&
    box.dport !== undefined &&
    terms.every(({ dimension }) => OF_SERVICES.has(dimension))
  );
}

const NEW: Box = { state: statesOf('NEW') };

function isBan({ terms, choices, isOutside }: RuleTest): boolean {
  const names = terms.map(({ dimension }) => dimension);
  return !isOutside && choices.length === 0 && names.includes('src') && names.every((name) => OF_BANS.has(name));
}
