import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { conditionOf, optionSpan, placeOf, type RuleLine, removeLine, reportAt, ruleLines } from '../rule-lines';

export const fragmentMatchDead = defineRule({
  code: 'fragment-match-dead',
  title: 'Fragments are put together before any rule sees them',
  severity: 'information',
  group: 'icmp',
  proof: 'text',
  docs: {
    what: '`-f` in a ruleset that needs conntrack.',
    why: paragraphs(
      'Conntrack has fragments put together at priority -400, before `raw`: while it runs, no rule sees a later',
      'fragment, and `-f` never matches. It is no protection, and needs none: an incomplete datagram does not get',
      'through.',
    ),
    instead: 'Delete the rule.',
    suppress: 'Where the ruleset is also loaded without the rules that need conntrack.',
  },
  kernel: ['net/ipv4/netfilter/nf_defrag_ipv4.c:ipv4_conntrack_defrag'],
  bad: [
    {
      title: 'A drop that never drops',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -f -j DROP
#        ^^ never matches
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Without conntrack fragments come as they are',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -f -j DROP
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The negation takes everything, as it should',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT ! -f -m conntrack --ctstate ESTABLISHED -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  const { all, conditioned } = ruleLines(document);
  const fragments = conditioned('fragment').filter(isOfFragments);
  const tracking = fragments.length === 0 ? undefined : all.find(needsConntrack);
  if (tracking === undefined) return [];
  return fragments.flatMap((rule) => {
    const part = conditionOf(rule, 'fragment');
    if (part === undefined) return [];
    const fix = {
      title: 'Delete the rule',
      edits: [removeLine(document, rule.number)],
      safe: false,
      scope: { kind: 'nothing' } as const,
    };
    const message = `${placeOf(tracking)} needs conntrack, which puts fragments together before any rule sees them: -f never matches.`;
    return [reportAt(document, rule, optionSpan(part), message, { fixes: [fix] })];
  });
}

function isOfFragments(rule: RuleLine): boolean {
  const part = conditionOf(rule, 'fragment');
  return part !== undefined && part.bang === undefined;
}

function needsConntrack({ uses: { matches, target } }: RuleLine): boolean {
  return [...matches, ...(target ? [target] : [])].some(({ extension, given, unknown }) => {
    return unknown === undefined && extension?.needsConntrack(given) === true;
  });
}
