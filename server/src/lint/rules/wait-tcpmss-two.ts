import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { optionOf, optionSpan, removeIn, reportAt, ruleLines } from '../rule-lines';

export const waitTcpmssTwo = defineRule({
  code: 'wait-tcpmss-two',
  title: 'Two wishes for one MSS',
  severity: 'information',
  group: 'tcp',
  proof: 'text',
  docs: {
    what: '`-j TCPMSS` with both `--clamp-mss-to-pmtu` and `--set-mss`.',
    why: paragraphs(
      'The kernel has one number for it, and iptables keeps `--set-mss`: the clamping is lost without a word.',
    ),
    instead: "Keep one. Where the path's MTU is known to the kernel, that is `--clamp-mss-to-pmtu`.",
    suppress: 'Never.',
  },
  kernel: ['net/netfilter/xt_TCPMSS.c:tcpmss_mangle_packet'],
  bad: [
    {
      title: 'A number and the path',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A FORWARD -o ppp0 -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu --set-mss 1400
#                                                                  ^^^^^^^^^^^^^^^^^^^ is lost
COMMIT
`,
      fixed: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A FORWARD -o ppp0 -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1400
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'One of them',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A FORWARD -o ppp0 -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  return ruleLines(document)
    .leadingTo('TCPMSS')
    .flatMap((rule) => {
      const clamp = optionOf(rule.uses.target, 'clamp-mss-to-pmtu');
      const fixed = optionOf(rule.uses.target, 'set-mss');
      if (clamp === undefined || fixed === undefined) return [];
      const span = optionSpan(clamp);
      const fix = {
        title: 'Leave out --clamp-mss-to-pmtu, as iptables does',
        edits: [removeIn(document, rule.number, span)],
        safe: false,
        scope: { kind: 'nothing' } as const,
      };
      const message = `--clamp-mss-to-pmtu is lost beside --set-mss ${fixed.words[0]?.value}: keep one of them.`;
      return [reportAt(document, rule, span, message, { fixes: [fix] })];
    });
}
