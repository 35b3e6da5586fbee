import type { OptionPart } from '../../syntax/tree';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { matchOf, optionOf, optionSpan, type RuleLine, reportAt, ruleLines } from '../rule-lines';

export const timeIsUtc = defineRule({
  code: 'time-is-utc',
  title: 'Times are in UTC',
  severity: 'information',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: '`-m time` with hours or weekdays and without `--kerneltz`.',
    why: paragraphs(
      'The kernel compares with UTC: "from nine to six" is from ten to seven in Berlin, and the office is locked an',
      'hour late. A span over midnight is two spans of a day each, unless `--contiguous` stands there, which',
      'matters beside `--weekdays`.',
    ),
    instead: paragraphs(
      "Write the times in UTC, and mind summer time; `--kerneltz` uses the kernel's own idea of the time zone,",
      'which does not follow it either.',
    ),
    suppress: 'Where UTC is meant.',
  },
  kernel: ['net/netfilter/xt_time.c:time_mt'],
  bad: [
    {
      title: 'Office hours, elsewhere',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m time --timestart 09:00 --timestop 18:00 -j ACCEPT
#                                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ UTC
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The zone of the kernel',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m time --timestart 09:00 --timestop 18:00 --kerneltz -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

const OF_THE_DAY = ['timestart', 'timestop', 'weekdays', 'monthdays'];

/** Once for a file: all its times are meant alike. */
function check({ document }: LintContext): readonly Report[] {
  const rule = ruleLines(document).matching('time').find(isInLocalTime);
  if (rule === undefined) return [];
  const spans = timesOf(rule).map(optionSpan);
  const span = { start: Math.min(...spans.map(({ start }) => start)), end: Math.max(...spans.map(({ end }) => end)) };
  return [reportAt(document, rule, span, 'these times are in UTC, whatever the time zone of the host.')];
}

function isInLocalTime(rule: RuleLine): boolean {
  return timesOf(rule).length > 0 && optionOf(matchOf(rule, 'time'), 'kerneltz') === undefined;
}

function timesOf(rule: RuleLine): readonly OptionPart[] {
  return (matchOf(rule, 'time')?.parts ?? []).filter(({ option }) => OF_THE_DAY.includes(option));
}
