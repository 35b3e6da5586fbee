import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { interfaceConditions } from '../interface-names';
import { optionSpan, removeLine, reportAt } from '../rule-lines';

export const ifaceNegatedAny = defineRule({
  code: 'iface-negated-any',
  title: 'No interface at all',
  severity: 'error',
  group: 'interface',
  proof: 'text',
  docs: {
    what: '`! -i +` or `! -o +`: every interface, negated.',
    why: paragraphs(
      '`+` stands for every device, so that its negation never matches. iptables-legacy-save leaves the whole',
      'condition out when it prints the rule: after saving and restoring, a rule that never matched matches',
      'everything.',
    ),
    instead: 'Delete the rule, or name the interface that was meant.',
    suppress: 'Never.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ip_packet_match'],
  bad: [
    {
      title: 'A rule that sleeps until the next restart',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT ! -i + -j DROP
#        ^^^^^^ never matches
COMMIT
`,
      fixed: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Every interface but one',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT ! -i lo -j DROP
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  return interfaceConditions(document)
    .filter(({ name, inverted }) => inverted && name === '+')
    .map(({ rule, part }) => {
      const fix = { title: 'Delete the rule', edits: [removeLine(document, rule.number)], safe: true };
      const message = `no packet is without every interface: the rule never matches, and once iptables-legacy-save has printed it without "! ${part.flag.value} +", it matches everything.`;
      const fixes = rule.line.command === 'append' ? [fix] : [];
      return reportAt(document, rule, optionSpan(part), message, { fixes });
    });
}
