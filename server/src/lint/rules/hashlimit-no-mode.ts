import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { matchOf, optionOf, reportAt, ruleLines, useSpan } from '../rule-lines';

export const hashlimitNoMode = defineRule({
  code: 'hashlimit-no-mode',
  title: 'One bucket for everybody',
  severity: 'information',
  group: 'limits',
  proof: 'text',
  docs: {
    what: '`-m hashlimit` without `--hashlimit-mode`.',
    why: paragraphs(
      'Without a mode all packets share one bucket, as with `-m limit`: one busy host uses it up for all others.',
    ),
    instead: 'Say what tells the buckets apart: `--hashlimit-mode srcip`.',
    suppress: 'Where one limit for all is meant, and the higher rates of `hashlimit` are needed.',
  },
  kernel: ['net/netfilter/xt_hashlimit.c:hashlimit_init_dst'],
  bad: [
    {
      title: 'One host for all',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m hashlimit --hashlimit-upto 50/sec --hashlimit-name dns -j ACCEPT
#               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ one bucket
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'A bucket for each host',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m hashlimit --hashlimit-upto 50/sec --hashlimit-mode srcip --hashlimit-name dns -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  return ruleLines(document)
    .matching('hashlimit')
    .flatMap((rule) => {
      const use = matchOf(rule, 'hashlimit');
      if (use === undefined || optionOf(use, 'hashlimit-mode')) return [];
      const message = 'all packets share one bucket: --hashlimit-mode srcip gives each host one of its own.';
      return [reportAt(document, rule, useSpan(use), message)];
    });
}
