import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { matchOf, optionOf, reportAt, ruleLines, valueSpan } from '../rule-lines';

export const icmpTypeAny = defineRule({
  code: 'icmp-type-any',
  title: 'ICMP type 255 is every type',
  severity: 'information',
  group: 'icmp',
  proof: 'text',
  docs: {
    what: '`--icmp-type 255` as a number.',
    why: paragraphs(
      'Type 255 does not exist; iptables uses the number for `any`, prints it so, and takes every ICMP message by',
      'it.',
    ),
    instead: 'Write `any` where every message is meant, or leave the option out.',
    suppress: 'Where you know it.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:icmp_match'],
  bad: [
    {
      title: 'Meant for a type that nobody uses',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p icmp -m icmp --icmp-type 255 -j DROP
#                                    ^^^ every ICMP message
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Said in so many words',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p icmp -m icmp --icmp-type any -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A type',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  return ruleLines(document)
    .matching('icmp')
    .flatMap((rule) => {
      const part = optionOf(matchOf(rule, 'icmp'), 'icmp-type');
      if (part === undefined || !/^(?:255|0xff|0377)(?:\/|$)/i.test(part.words[0]?.value ?? '')) return [];
      const message = 'type 255 stands for "any": the rule takes every ICMP message.';
      return [reportAt(document, rule, valueSpan(part), message)];
    });
}
