import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { listUses } from '../recent-lists';
import { optionOf, optionSpan, reportAt, useSpan } from '../rule-lines';

export const recentCheckWithoutSet = defineRule({
  code: 'recent-check-without-set',
  title: 'A list that nothing fills',
  severity: 'warning',
  group: 'limits',
  proof: 'text',
  docs: {
    what: '`--rcheck`, `--update` or `--remove` of a list to which no rule adds with `--set`.',
    why: 'The list stays empty, and the rule never matches: `--update` renews what is there, it adds nothing.',
    instead: paragraphs(
      'Add `-m recent --set --name LIST` where the packets are to be counted, mind the spelling of the name.',
    ),
    suppress: 'Where a program fills the list through `/proc/net/xt_recent`.',
  },
  kernel: ['net/netfilter/xt_recent.c:recent_mt'],
  bad: [
    {
      title: 'The counting was forgotten',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m recent --update --seconds 60 --hitcount 4 --name ssh -j DROP
#                                                                              ^^^^^^^^^^ --set
COMMIT
`,
    },
    {
      title: 'Another name',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m recent --set --name SSH
-A INPUT -p tcp -m tcp --dport 22 -m recent --rcheck --seconds 60 --hitcount 4 --name ssh -j DROP
#                                                                              ^^^^^^^^^^ --set
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Counted first',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m recent --set --name ssh
-A INPUT -p tcp -m tcp --dport 22 -m recent --update --seconds 60 --hitcount 4 --name ssh -j DROP
COMMIT
`,
    },
    {
      title: 'In another chain',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m recent --rcheck --seconds 60 --name knocked -j ACCEPT
-A INPUT -p udp -m udp --dport 4000 -m recent --set --name knocked -j DROP
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  const uses = listUses(document);
  const filled = new Set(uses.filter(({ kind }) => kind === 'set').map(({ list }) => list));
  return uses.flatMap(({ rule, use, list, kind }) => {
    const part = kind && optionOf(use, kind);
    if (part === undefined || part.bang || filled.has(list)) return [];
    const name = optionOf(use, 'name');
    const message = `no rule adds to the list "${list}" with --set: it stays empty, and --${kind} never matches.`;
    return [reportAt(document, rule, name ? optionSpan(name) : useSpan(use), message)];
  });
}
