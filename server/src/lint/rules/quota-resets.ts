import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { matchOf, optionOf, optionSpan, reportAt, ruleLines } from '../rule-lines';

export const quotaResets = defineRule({
  code: 'quota-resets',
  title: 'A quota begins anew with every restore',
  severity: 'information',
  group: 'limits',
  proof: 'text',
  docs: {
    what: '`-m quota` in a file.',
    why: paragraphs(
      'What is left of the quota is kept by the kernel, in the rule; whoever loads the file again, at boot or after',
      'a change, gives the whole of it once more.',
    ),
    instead: 'Count elsewhere (accounting, `nfacct`) what must outlast a restart.',
    suppress: 'Where a quota per boot will do.',
  },
  kernel: ['net/netfilter/xt_quota.c:quota_mt_check'],
  bad: [
    {
      title: 'A gigabyte, each time',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -o wan0 -m quota --quota 1073741824 -j ACCEPT
#                           ^^^^^^^^^^^^^^^^^^ every restore
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'No quota',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -o wan0 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

/** Once for a file. */
function check({ document }: LintContext): readonly Report[] {
  const [rule] = ruleLines(document).matching('quota');
  const part = rule && optionOf(matchOf(rule, 'quota'), 'quota');
  if (rule === undefined || part === undefined) return [];
  return [reportAt(document, rule, optionSpan(part), 'the quota is whole again after every restore of this file.')];
}
