import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { matchOf, optionOf, reportAt, ruleLines, valueSpan } from '../rule-lines';

export const limitRounding = defineRule({
  code: 'limit-rounding',
  title: 'A rate that iptables cannot tell',
  severity: 'information',
  group: 'limits',
  proof: 'text',
  docs: {
    what: 'The rate of `-m limit` comes out more than a tenth faster than it is written.',
    why: paragraphs(
      'iptables tells the kernel the time between two packets, in ten-thousandths of a second, rounded down:',
      '`3400/sec` becomes 2, which is 5000/sec, and everything from `5001/sec` on is 10000/sec.',
    ),
    instead: paragraphs(
      'Write the rate that is meant among those that can be told, or use `hashlimit`, which counts in millionths.',
    ),
    suppress: 'Where it does not matter.',
  },
  kernel: ['net/netfilter/xt_limit.c:limit_mt_check', 'include/uapi/linux/netfilter/xt_limit.h:XT_LIMIT_SCALE'],
  bad: [
    {
      title: 'A third more, and nearly twice as much',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m limit --limit 3400/sec -j ACCEPT
#                                ^^^^^^^^ 5000/sec
-A INPUT -p tcp -m limit --limit 6000/second -j ACCEPT
#                                ^^^^^^^^^^^ 10000/sec
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Rates that come out as they are',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m limit --limit 5000/sec -j ACCEPT
-A INPUT -p tcp -m limit --limit 7/min -j ACCEPT
-A INPUT -p icmp -m limit --limit 100/sec -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

/** @kernel include/uapi/linux/netfilter/xt_limit.h:XT_LIMIT_SCALE */
const PARTS_OF_A_SECOND = 10_000;
const WORTH_SAYING = 1.1;

function check({ document }: LintContext): readonly Report[] {
  return ruleLines(document)
    .matching('limit')
    .flatMap((rule) => {
      const part = optionOf(matchOf(rule, 'limit'), 'limit');
      const rate = part && rateOf(part.value);
      const written = part?.words[0]?.value ?? '';
      const count = Number.parseInt(written, 10);
      if (part === undefined || rate === undefined) return [];
      const actual = (PARTS_OF_A_SECOND * rate.unitSeconds) / rate.period;
      if (actual < count * WORTH_SAYING || rate.unitSeconds !== 1) return [];
      const message = `the kernel counts in ten-thousandths of a second: ${written} becomes ${Math.round(actual)}/sec.`;
      return [reportAt(document, rule, valueSpan(part), message)];
    });
}

function rateOf(value: unknown): { readonly period: number; readonly unitSeconds: number } | undefined {
  if (typeof value !== 'object' || value === null || !('period' in value) || !('unitSeconds' in value))
    return undefined;
  const { period, unitSeconds } = value;
  return typeof period === 'number' && typeof unitSeconds === 'number' ? { period, unitSeconds } : undefined;
}
