import { utf8Length } from '../../../../src-sim/xt/value-types';
import { cutTexts } from '../cut-texts';
import { defineRule, type LintContext, type Report } from '../define';
import { matchOf, optionOf, ruleLines } from '../rule-lines';

export const commentTooLong = defineRule({
  code: 'comment-too-long',
  title: 'A comment that is cut',
  severity: 'warning',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: 'A comment of more than 255 bytes.',
    why: 'iptables cuts it behind the 255th byte without a word; from 1024 bytes on it refuses the rule.',
    instead: 'Write less: the long story belongs into a line with `#` above the rule.',
    suppress: 'Never.',
  },
  kernel: ['include/uapi/linux/netfilter/xt_comment.h:xt_comment_info'],
  bad: [
    {
      title: 'A story',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m comment --comment "a note on this rule a note on this rule a note on this rule a note on this rule a note on this rule a note on this rule a note on this rule a note on this rule a note on this rule a note on this rule a note on this rule a note on this rule a note on this rule " -j ACCEPT
#                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ cut
COMMIT
`,
      fixed: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m comment --comment "a note on this rule a note on this rule a note on this rule a note on this rule a note on this rule a note on this rule a note on this rule a note on this rule a note on this rule a note on this rule a note on this rule a note on this rule a note on this " -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'A note',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m comment --comment "the office" -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

/** @kernel include/uapi/linux/netfilter/xt_comment.h:XT_MAX_COMMENT_LEN, less the closing zero */
const MOST_BYTES = 255;

function check({ document }: LintContext): readonly Report[] {
  return ruleLines(document)
    .matching('comment')
    .flatMap((rule) => {
      // A line is no shorter than its comment: most need not be read.
      if (utf8Length(rule.line.text) <= MOST_BYTES) return [];
      const part = optionOf(matchOf(rule, 'comment'), 'comment');
      return part === undefined ? [] : cutTexts(document, rule, part, { limit: MOST_BYTES, safe: false });
    });
}
