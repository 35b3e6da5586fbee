import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { replaceIn, reportAt } from '../rule-lines';
import { setLookups } from '../sets-beside';

export const setOldSyntax = defineRule({
  code: 'set-old-syntax',
  title: '--set is --match-set now',
  severity: 'warning',
  group: 'deprecated',
  proof: 'text',
  docs: {
    what: '`-m set --set NAME` instead of `--match-set NAME`.',
    why: paragraphs(
      '`--set` is the name of the option in kernels before 2.6.39. iptables still reads it with a warning, and',
      'other tools that read such files do not.',
    ),
    instead: 'Write `--match-set`: it is the same.',
    suppress: 'Where a very old iptables reads the file too.',
  },
  kernel: ['net/netfilter/xt_set.c:set_match_v4'],
  bad: [
    {
      title: 'As in old how-tos',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m set --set bad src -j DROP
#               ^^^^^ --match-set
COMMIT
`,
      fixed: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m set --match-set bad src -j DROP
COMMIT
`,
      beside: { ipsets: 'create bad hash:ip\n' },
    },
  ],
  good: [
    {
      title: 'Its name of today',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m set --match-set bad src -j DROP
COMMIT
`,
      beside: { ipsets: 'create bad hash:ip\n' },
    },
    {
      title: 'The option of recent',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m recent --set --name ssh
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  return setLookups(document)
    .filter(({ part }) => part.flag.value === '--set')
    .map(({ rule, part }) => {
      const { span } = part.flag;
      const edits = [replaceIn(document, rule.number, span, '--match-set')];
      const fix = { title: 'Write --match-set', edits, safe: true };
      return reportAt(document, rule, span, 'the option is called --match-set since 2011.', { fixes: [fix] });
    });
}
