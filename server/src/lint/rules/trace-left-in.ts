import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { removeLine, reportAt, ruleLines, wholeRuleSpan } from '../rule-lines';

export const traceLeftIn = defineRule({
  code: 'trace-left-in',
  title: 'A trace that was left in',
  severity: 'warning',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: '`-j TRACE` in a file.',
    why: paragraphs(
      'TRACE reports every rule that each of its packets passes: for looking at a problem, not for every day. Left',
      'in a file it fills the log, or wakes whoever listens, from the next boot on.',
    ),
    instead: 'Delete the rule, and trace by hand when you need it.',
    suppress: 'Where the ruleset is one for looking at a problem.',
  },
  kernel: ['net/netfilter/xt_TRACE.c:trace_tg'],
  bad: [
    {
      title: 'Forgotten after the search',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j TRACE
#=== every rule
COMMIT
`,
      fixed: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Nothing is traced',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j CT --notrack
-A OUTPUT -p tcp -m tcp --sport 80 -j CT --notrack
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  return ruleLines(document)
    .leadingTo('TRACE')
    .filter(({ uses }) => uses.target?.extension !== undefined)
    .map((rule) => {
      const fix = { title: 'Delete the rule', edits: [removeLine(document, rule.number)], safe: true };
      const fixes = rule.line.command === 'append' ? [fix] : [];
      const message = 'every rule that these packets pass is reported: a trace is for a search, not for a file.';
      return reportAt(document, rule, wholeRuleSpan(rule), message, { fixes });
    });
}
