import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { reportAt, ruleLines, useSpan } from '../rule-lines';

export const saveRoundtrip = defineRule({
  code: 'save-roundtrip',
  title: 'A rule that does not come back as it was',
  severity: 'information',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: 'A rule has the same match for ports twice: `-m tcp --dport 80 -m tcp --dport 443`.',
    why: paragraphs(
      'Both conditions must hold: the rule matches nothing. iptables-nft-save prints one of them only, and once',
      'restored the rule matches that: a rule that slept wakes up.',
    ),
    instead: 'Write one match, or two rules, or `-m multiport --dports 80,443`.',
    suppress: 'Never.',
  },
  kernel: ['iptables: iptables/nft.c:add_match'],
  bad: [
    {
      title: 'Two ports, in the hope of either',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 80 -m tcp --dport 443 -j ACCEPT
#                                 ^^^^^^^^^^^^^^^^^^ both
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Either',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'One port of each end, in one match',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --sport 1024:65535 --dport 443 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  const rules = ['tcp', 'udp'].flatMap((name) =>
    ruleLines(document)
      .matching(name)
      .map((rule) => ({ rule, name })),
  );
  return rules.flatMap(({ rule, name }) => {
    const [first, second] =
      rule.line.text.split(` -m ${name} `).length < 3 ? [] : rule.uses.matches.filter((use) => use.name === name);
    if (first === undefined || second === undefined) return [];
    const shared = second.parts.some(({ option }) => first.parts.some((part) => part.option === option));
    if (!shared) return [];
    const message =
      'both conditions must hold, which no packet can; and iptables-nft-save prints one of them only: write two rules.';
    return [reportAt(document, rule, useSpan(second), message)];
  });
}
