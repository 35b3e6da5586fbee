import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { optionOf, optionSpan, reportAt, ruleLines } from '../rule-lines';

export const nfqueueNoBypass = defineRule({
  code: 'nfqueue-no-bypass',
  title: 'Packets wait for a program that may not be there',
  severity: 'information',
  group: 'order',
  proof: 'text',
  docs: {
    what: '`-j NFQUEUE` without `--queue-bypass`.',
    why: paragraphs(
      'Where no program listens on the queue, the kernel drops every packet that the rule takes: a crash of the',
      'program cuts the host off. With `--queue-bypass` they are *accepted* then, and the rest of the chain is not',
      'asked.',
    ),
    instead: 'Decide which of the two is the lesser evil, and say so.',
    suppress: 'Where packets must not pass unseen.',
  },
  kernel: ['net/netfilter/nf_queue.c:nf_queue'],
  bad: [
    {
      title: 'Web traffic depends on the inspector',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 80 -j NFQUEUE --queue-num 1
#                                            ^^^^^^^^^^^^^ no program
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Past it, where it is not there',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 80 -j NFQUEUE --queue-num 1 --queue-bypass
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  return ruleLines(document)
    .leadingTo('NFQUEUE')
    .flatMap((rule) => {
      const { target } = rule.uses;
      if (target === undefined || optionOf(target, 'queue-bypass')) return [];
      const queue = optionOf(target, 'queue-num', 'queue-balance');
      const span = queue ? optionSpan(queue) : (target.loader.name?.span ?? target.loader.flag.span);
      const message =
        'where no program listens on the queue, every packet of this rule is dropped; with --queue-bypass it is accepted.';
      return [reportAt(document, rule, span, message)];
    });
}
