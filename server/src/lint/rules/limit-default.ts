import { defineRule, type LintContext, type Report } from '../define';
import { matchOf, optionOf, reportAt, ruleLines, useSpan } from '../rule-lines';

export const limitDefault = defineRule({
  code: 'limit-default',
  title: 'A limit that nobody chose',
  severity: 'information',
  group: 'limits',
  proof: 'text',
  docs: {
    what: '`-m limit` without `--limit`.',
    why: 'The default is `3/hour`, with a burst of 5: hardly ever what is meant.',
    instead: 'Say the rate: `--limit 5/sec --limit-burst 10`.',
    suppress: 'Where three packets an hour are right.',
  },
  kernel: ['net/netfilter/xt_limit.c:limit_mt_check'],
  bad: [
    {
      title: 'Three pings an hour',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p icmp -m limit -j ACCEPT
#                ^^^^^^^^ 3/hour
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'A rate',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p icmp -m limit --limit 5/sec -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  return ruleLines(document)
    .matching('limit')
    .flatMap((rule) => {
      const use = matchOf(rule, 'limit');
      if (use === undefined || optionOf(use, 'limit')) return [];
      const message = 'without --limit the rate is 3/hour, with a burst of 5: say which one is meant.';
      return [reportAt(document, rule, useSpan(use), message)];
    });
}
