import { cutTexts } from '../cut-texts';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { optionOf, ruleLines } from '../rule-lines';

export const logPrefixTooLong = defineRule({
  code: 'log-prefix-too-long',
  title: 'A prefix that is cut',
  severity: 'warning',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: '`--log-prefix` of more than 29 bytes, or `--nflog-prefix` of more than 63.',
    why: paragraphs(
      'LOG keeps 29 bytes of it without a word, so that prefixes that differ at their ends only cannot be told',
      'apart in the log. NFLOG keeps 63 with iptables-legacy, 127 with iptables-nft.',
    ),
    instead: 'Write a shorter one, with a blank at its end.',
    suppress: 'Never.',
  },
  kernel: [
    'include/uapi/linux/netfilter/xt_LOG.h:xt_log_info',
    'include/uapi/linux/netfilter/xt_NFLOG.h:xt_nflog_info',
  ],
  bad: [
    {
      title: 'Which chain was it?',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -j LOG --log-prefix "firewall: dropped in chain INPUT: "
#                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ cut
COMMIT
`,
      fixed: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -j LOG --log-prefix "firewall: dropped in chain IN"
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Short',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -j LOG --log-prefix "drop INPUT: "
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

/** By target: its option, and how many bytes every variant keeps. */
const PREFIXES = [
  { target: 'LOG', option: 'log-prefix', limit: 29 },
  { target: 'NFLOG', option: 'nflog-prefix', limit: 63 },
] as const;

function check({ document }: LintContext): readonly Report[] {
  return PREFIXES.flatMap(({ target, option, limit }) =>
    ruleLines(document)
      .leadingTo(target)
      .flatMap((rule) => {
        const part = optionOf(rule.uses.target, option);
        return part === undefined ? [] : cutTexts(document, rule, part, { limit, safe: target === 'LOG' });
      }),
  );
}
