import type { RuleRef } from '../../analysis/rule-packets';
import { decisionOf, namesOf, placesOf } from '../dead-report';
import { deadRule, isMachineWritten } from '../dead-rules';
import { deadWitness } from '../dead-witness';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Fix } from '../finding';
import { isLogging } from '../logging-rules';
import { moveAbove } from '../move-rule';
import { removeRule, ruleSpan } from '../places';

export const ruleShadowed = defineRule({
  code: 'rule-shadowed',
  title: 'Earlier rules take every packet of this one',
  severity: 'warning',
  group: 'order',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'Every packet that the rule asks for has been taken before by earlier rules, one or several together, on every',
      'way into its chain. A warning where they decide otherwise; an information where they decide the same, and the',
      'rule is merely superfluous. The rules that it names are enough, and none of them can be spared.',
    ),
    why: paragraphs(
      'A chain is walked from its beginning, and the first rule that takes a packet decides. What stands below it for the',
      'same packets is never asked: the port that it should close stays open, or the host that it should let in is kept out.',
      ' ',
      'Matches that take only some of their packets (`limit`, `recent`, `statistic`, what Chainwalk does not know) hide',
      'nothing. Later fragments are not looked at: they have no ports, and conntrack puts packets together before any rule.',
    ),
    instead: 'Put the special rule before the general one, or delete it.',
    suppress: 'Where the rules before it come and go at run time.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ipt_do_table'],
  bad: [
    {
      title: 'The port is closed below what opens all ports',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -s 192.0.2.0/24 -p tcp -j ACCEPT
-A INPUT -s 192.0.2.0/24 -p tcp -m tcp --dport 23 -j DROP
#=== filter:INPUT:2 (line 6) takes all its packets before
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -s 192.0.2.0/24 -p tcp -m tcp --dport 23 -j DROP
-A INPUT -s 192.0.2.0/24 -p tcp -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Two rules together leave nothing',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 0:1023 -j DROP
-A INPUT -p tcp -m tcp --dport 1024:65535 -j DROP
-A INPUT -s 198.51.100.0/24 -p tcp -m tcp -j ACCEPT
#=== filter:INPUT:1 (line 5) and filter:INPUT:2 (line 6)
COMMIT
`,
    },
    {
      title: 'In a chain that is reached for these packets alone',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:web - [0:0]
-A INPUT -p tcp -m multiport --dports 80,443 -j web
-A INPUT -s 203.0.113.0/24 -p tcp -m tcp --dport 443 -j DROP
#=== filter:web:1 (line 8) takes all its packets before
-A web -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A set asked twice, for the same verdict',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m set --match-set trusted src -j ACCEPT
-A INPUT -p tcp -m set --match-set trusted src -m tcp --dport 22 -j ACCEPT
#=== is superfluous
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m set --match-set trusted src -j ACCEPT
COMMIT
`,
      beside: { ipsets: 'create trusted hash:net\nadd trusted 198.51.100.0/24\n' },
    },
  ],
  good: [
    {
      title: 'The special rule first',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 23 -j DROP
-A INPUT -p tcp -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A rule that takes only some of its packets hides nothing',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m limit --limit 3/min -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j DROP
COMMIT
`,
    },
    {
      title: 'A return spares some of them',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:outside - [0:0]
-A INPUT -p tcp -j outside
-A INPUT -s 192.0.2.0/24 -p tcp -m tcp --dport 22 -j ACCEPT
-A outside -s 192.0.2.7/32 -j RETURN
-A outside -j DROP
COMMIT
`,
    },
    {
      title: 'States that the earlier rules leave over',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -p tcp -m conntrack --ctstate NEW -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { rule: check },
});

function check(ref: RuleRef, context: LintContext): readonly Report[] {
  // Of translations `nat-rule-shadowed` speaks.
  if (isLogging(ref) || ref.table === 'nat') return [];
  const dead = deadRule(context, ref);
  if (dead?.kind !== 'shadowed') return [];
  const witness = deadWitness(context, ref, dead.by, dead.sample);
  if (witness === undefined) return [];
  const { document } = context;
  const relation = relationOf(ref, dead.by);
  const fix = FIXES[relation]?.(context, ref, dead.by);
  return [
    {
      severity: relation === 'other' && !isMachineWritten(ref) ? 'warning' : 'information',
      span: ruleSpan(document, ref),
      message: messageOf(ref, dead.by, relation),
      related: placesOf(document, dead.by, 'takes the packets'),
      fixes: fix ? [fix] : [],
      witness,
    },
  ];
}

type Relation = 'same' | 'other' | 'unknown';

function relationOf(ref: RuleRef, by: readonly RuleRef[]): Relation {
  const own = decisionOf(ref);
  const others = by.map(decisionOf);
  if (own === undefined) return 'unknown';
  if (others.every((other) => other === own)) return 'same';
  return others.some((other) => other !== undefined && other !== own) ? 'other' : 'unknown';
}

function messageOf(ref: RuleRef, by: readonly RuleRef[], relation: Relation): string {
  const isOne = by.length === 1;
  const takers = `${namesOf(by)} ${isOne ? 'takes' : 'take'} all its packets before`;
  if (relation === 'same')
    return `${nameOf(ref)} is superfluous: ${takers}, and ${isOne ? 'decides' : 'decide'} the same`;
  if (relation === 'unknown') return `${nameOf(ref)} is never reached: ${takers}`;
  const verdict = decisionOf(ref) === 'accept' ? 'denies' : 'accepts';
  const isAll = by.every((one) => decisionOf(one) !== decisionOf(ref));
  const fate = isOne ? ` and ${verdict} them` : isAll ? '' : ', some for the other verdict';
  return `${nameOf(ref)} is never reached: ${takers}${fate}. Move it up, or delete it`;
}

type MakeFix = (context: LintContext, ref: RuleRef, by: readonly RuleRef[]) => Fix | undefined;

const FIXES: { readonly [R in Relation]?: MakeFix } = {
  same: ({ document, ruleset }, ref) => {
    const edits = removeRule(document, ruleset, ref);
    return edits && { title: 'Delete this rule', edits, safe: false, scope: { kind: 'nothing' } };
  },
  other: (context, ref, by) => {
    const [first] = [...by].sort((a, b) => a.number - b.number);
    const reach = context.reachOf(ref);
    if (first === undefined || by.some(({ chain }) => chain !== ref.chain) || reach.kind !== 'taken') return undefined;
    return moveAbove(context, ref, first, reach.sample.box)[0];
  },
};
