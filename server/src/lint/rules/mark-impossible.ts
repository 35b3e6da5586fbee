import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { markTests } from '../marks';
import { optionSpan, reportAt } from '../rule-lines';

export const markImpossible = defineRule({
  code: 'mark-impossible',
  title: 'A mark that no packet can have',
  severity: 'warning',
  group: 'routing',
  proof: 'text',
  docs: {
    what: 'The value of `--mark VALUE/MASK` has bits that the mask leaves out.',
    why: paragraphs(
      'The kernel compares `mark & MASK` with the value: a bit of the value outside the mask is never found. The',
      'rule never matches, and with a `!` always does.',
    ),
    instead: 'Let the mask hold the value: `--mark 0x10/0x10`.',
    suppress: 'Never.',
  },
  kernel: ['net/netfilter/xt_mark.c:mark_mt'],
  bad: [
    {
      title: 'The mask of another bit',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -m mark --mark 0x10/0x1 -j ACCEPT
#                     ^^^^^^^^^^^^^^^ never matches
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The value within the mask',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -m mark --mark 0x10/0xf0 -j ACCEPT
-A PREROUTING -m connmark --mark 0x1 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  return markTests(document)
    .filter(({ value, mask }) => (value & ~mask) !== 0)
    .map(({ rule, part }) => {
      const fate = part.bang ? 'the negation always holds' : 'the rule never matches';
      const message = `${part.words[0]?.value} asks for a bit that its mask leaves out: ${fate}.`;
      return reportAt(document, rule, optionSpan(part), message);
    });
}
