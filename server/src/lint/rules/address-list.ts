import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { conditionOf, type RuleLine, reportAt, ruleLines, valueSpan } from '../rule-lines';

export const addressList = defineRule({
  code: 'address-list',
  title: 'One line, several rules',
  severity: 'hint',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: '`-s` or `-d` lists several addresses with commas.',
    why: paragraphs(
      'iptables makes one rule of each, four of two and two; iptables-save prints them apart, and `-D` with the',
      'same list must find them all.',
    ),
    instead: 'Write one rule for each, or a set (`-m set`) where they are many.',
    suppress: 'Where the short form is what you keep.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:do_replace'],
  bad: [
    {
      title: 'Two by two',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 192.0.2.1,192.0.2.2 -d 198.51.100.1,198.51.100.2 -j ACCEPT
#           ^^^^^^^^^^^^^^^^^^^ 4 rules
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'One address',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 192.0.2.1/32 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  return ruleLines(document)
    .all.filter(({ line }) => line.text.includes(','))
    .flatMap((rule) => {
      const [sources, destinations] = [countIn(rule, 'source'), countIn(rule, 'destination')];
      const part = conditionOf(rule, sources > 1 ? 'source' : 'destination');
      if (part === undefined || sources * destinations < 2) return [];
      const message = `iptables makes ${sources * destinations} rules of this line, and prints them so.`;
      return [reportAt(document, rule, valueSpan(part), message)];
    });
}

function countIn(rule: RuleLine, option: string): number {
  const value = conditionOf(rule, option)?.value;
  return Array.isArray(value) ? Math.max(1, value.length) : 1;
}
