import type { MatchUse, Rule } from '../../../../src-sim/netfilter/ruleset';
import type { Space } from '../../analysis/packet-space';
import type { RuleRef } from '../../analysis/rule-packets';
import { type Contradiction, contradictionOn, dimensionName } from '../contradictions';
import { placesOf } from '../dead-report';
import { deadRule, isMachineWritten } from '../dead-rules';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { ruleSpan } from '../places';

export const ruleNeverMatches = defineRule({
  code: 'rule-never-matches',
  title: 'Conditions that no packet meets together',
  severity: 'warning',
  group: 'order',
  proof: 'text',
  docs: {
    what: paragraphs(
      'What the rule asks for contradicts itself, or what every jump to its chain asks for: two protocols, a port and',
      'another one, an address outside the network of the jump. For a chain that is called from several places all callers',
      'have to contradict it. Chains that programs write are not told: Docker writes such rules for one network.',
    ),
    why: paragraphs(
      'iptables loads such rules without a word, and their counters stay at zero. `--tcp-flags SYN FIN` looks at one flag and',
      'wants another; `--mark 0x10/0x1` wants a bit that its mask hides; a range that runs backwards holds nothing.',
    ),
    instead: 'Mend the condition that is wrong, or jump to the chain for the packets that its rules are about.',
    suppress: 'Where a program fills the chain for other callers too.',
  },
  kernel: [
    'net/ipv4/netfilter/ip_tables.c:ip_packet_match',
    'net/netfilter/xt_tcpudp.c:tcp_mt',
    'net/netfilter/xt_mark.c:mark_mt',
  ],
  bad: [
    {
      title: 'The jump is for TCP, the rule for UDP',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:services - [0:0]
-A INPUT -p tcp -j services
-A services -p tcp -m tcp --dport 53 -j ACCEPT
-A services -p udp -m udp --dport 53 -j ACCEPT
#=== never matches: its protocol is not one that filter:INPUT:1 (line 6) lets through
COMMIT
`,
    },
    {
      title: 'A flag that is not looked at, a bit that the mask hides',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --tcp-flags SYN FIN -j DROP
#=== no packet has such TCP flags
-A INPUT -m mark --mark 0x10/0x1 -j DROP
#=== no packet has such a mark
-A INPUT -m length --length 200:100 -j DROP
#=== never matches
COMMIT
`,
    },
    {
      title: 'An address and a range without it',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 192.0.2.0/24 -m iprange --src-range 198.51.100.10-198.51.100.20 -j ACCEPT
#=== no packet has such a source address
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Another caller brings the packets',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:services - [0:0]
-A INPUT -p tcp -j services
-A INPUT -p udp -j services
-A services -p tcp -m tcp --dport 53 -j ACCEPT
-A services -p udp -m udp --dport 53 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'What Docker writes for a single network',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
COMMIT
`,
    },
    {
      title: 'Flags and marks that the mask lets be seen',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --tcp-flags SYN,FIN SYN,FIN -j DROP
-A INPUT -m mark --mark 0x10/0x10 -j DROP
-A INPUT -s 192.0.2.0/24 -m iprange --src-range 192.0.2.10-192.0.2.20 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { rule: check },
});

function check(ref: RuleRef, context: LintContext): readonly Report[] {
  const dead = deadRule(context, ref);
  if (dead?.kind !== 'contradiction' || isMachineWritten(ref)) return [];
  const { space } = context.walker();
  const found = dead.paths.map((path) => contradictionOn(space, path));
  // What no packet has at the hook, an interface on the wrong side, is another rule's to tell.
  if (found.includes(undefined)) return [];
  const known = found.filter((one) => one !== undefined);
  if (known.every((one) => isToldByOthers(space, one, ref))) return [];
  const others = known.filter(({ against }) => against.rule !== ref.rule).map(({ against }) => against);
  return [
    {
      span: ruleSpan(context.document, ref),
      message: `${nameOf(ref)} never matches: ${known[0] ? reasonFor(space, known[0], ref, others) : ''}`,
      related: placesOf(context.document, others, 'lets none of its packets through'),
      fixes: [],
    },
  ];
}

/** Of these, others say what is the matter with the words: two lists of states, `! -i +`, `! -s 0/0`, a match twice, UDP ports backwards. */
function isToldByOthers(space: Space, { dimension, against }: Contradiction, ref: RuleRef): boolean {
  if (against.rule !== ref.rule) return false;
  const { matches } = ref.rule;
  const isTwice = matches.some(({ name }, index) => matches.findIndex((other) => other.name === name) !== index);
  if (dimension === 'sport' || dimension === 'dport') return isTwice || impossibleMatch(space, ref) !== undefined;
  return dimension === 'state' || dimension === 'in' || dimension === 'out' || asksForNoAddress(ref.rule);
}

/** By itself, whatever the rule asks for beside it. */
function impossibleMatch(space: Space, ref: RuleRef): MatchUse | undefined {
  return ref.rule.matches.find((match) =>
    contradictionOn(space, [{ ...ref, rule: { ...ref.rule, matches: [match] } }]),
  );
}

function asksForNoAddress({ matches }: Rule): boolean {
  return matches.some(({ options: { source, destination } }) =>
    [source, destination].some(
      (given) => given?.inverted && /"mask":"(?:0\.0\.0\.0|::)"/.test(JSON.stringify(given.value)),
    ),
  );
}

function reasonFor(
  space: Space,
  { dimension, against }: Contradiction,
  ref: RuleRef,
  others: readonly RuleRef[],
): string {
  const name = dimensionName(dimension);
  const alone = dimension === 'protocol' && against.rule === ref.rule ? impossibleMatch(space, ref) : undefined;
  if (alone !== undefined) return `no packet meets -m ${alone.name}`;
  if (against.rule === ref.rule)
    return `no packet has such ${dimension === 'tcpFlags' ? name : `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}`}`;
  const more = others.length > 1 ? ', nor is it for the other jumps to the chain' : '';
  return `its ${name} is not one that ${nameOf(against)} lets through${more}`;
}
