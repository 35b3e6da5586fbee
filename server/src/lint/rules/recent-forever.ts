import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { listUses } from '../recent-lists';
import { optionOf, optionSpan, reportAt } from '../rule-lines';

export const recentForever = defineRule({
  code: 'recent-forever',
  title: 'Hits that are never forgotten',
  severity: 'information',
  group: 'limits',
  proof: 'text',
  docs: {
    what: '`--hitcount` without `--seconds`.',
    why: paragraphs(
      'Without a time every hit counts, however long ago: who has come often enough once is caught for ever, until',
      'the list is full and makes room.',
    ),
    instead: 'Add `--seconds`.',
    suppress: 'Where it is meant so.',
  },
  kernel: ['net/netfilter/xt_recent.c:recent_mt'],
  bad: [
    {
      title: 'Four logins in a life',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m recent --set --name ssh
-A INPUT -p tcp -m tcp --dport 22 -m recent --rcheck --hitcount 4 --name ssh -j DROP
#                                                    ^^^^^^^^^^^^ --seconds
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Four in a minute',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m recent --set --name ssh
-A INPUT -p tcp -m recent --update --seconds 60 --hitcount 4 --name ssh -j DROP
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  return listUses(document).flatMap(({ rule, use }) => {
    const part = optionOf(use, 'hitcount');
    if (part === undefined || part.value === 0 || optionOf(use, 'seconds')) return [];
    const message = 'without --seconds hits are never forgotten: who came often enough once is caught for ever.';
    return [reportAt(document, rule, optionSpan(part), message)];
  });
}
