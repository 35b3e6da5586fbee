import type { RuleRef } from '../../analysis/rule-packets';
import { packetsOfPath } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { stateSpan } from '../places';
import { asksFor } from '../state-words';
import { hasTarget, rulesOf } from '../table-rules';

export const relatedTooWide = defineRule({
  code: 'related-too-wide',
  title: 'RELATED accepts whatever a helper was told',
  severity: 'hint',
  group: 'helper',
  proof: 'text',
  docs: {
    what: 'A helper is assigned, and a rule accepts RELATED without asking which helper, and to which ports.',
    why: paragraphs(
      'What a helper expects it reads from the packets of strangers. A hostile server, or a page that makes a browser say the',
      'right words, can announce a connection to any port of the client, and RELATED lets it in.',
    ),
    instead: paragraphs(
      'Accept ESTABLISHED, and RELATED for ICMP, by one rule; and by another RELATED of the helper alone:',
      '`-m conntrack --ctstate RELATED -m helper --helper ftp -p tcp --dport 1024:`.',
    ),
    suppress: 'Where both ends of the helped connections are trusted.',
  },
  kernel: ['net/netfilter/nf_conntrack_expect.c:nf_ct_expect_related_report', 'net/netfilter/xt_helper.c:helper_mt'],
  bad: [
    {
      title: 'IRC, whose DCC opens ports',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 6667 -j CT --helper irc
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED -j ACCEPT
#                       ^^^^^^^^^^^^^^^^^ helper
COMMIT
`,
    },
    {
      title: 'The first rule of a server',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
#                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^ helper
-A INPUT -p tcp -m tcp --dport 21 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'By the helper, and to high ports',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A INPUT -p icmp -m conntrack --ctstate RELATED -j ACCEPT
-A INPUT -p tcp -m conntrack --ctstate RELATED -m helper --helper ftp -m tcp --dport 1024:65535 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 21 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'No helper',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: (context) => check(context) ?? [] },
});

/** Said once: which chain the helped connections pass, rules do not tell. */
function check(context: LintContext): readonly Report[] | undefined {
  const isHelped = rulesOf(context.ruleset, 'raw').some(
    ({ rule: { target } }) => target.kind === 'target' && target.options.helper !== undefined,
  );
  if (!isHelped) return undefined;
  const wide = rulesOf(context.ruleset, 'filter').find((ref) => ref.chain !== 'OUTPUT' && isWide(context, ref));
  return (
    wide && [
      {
        span: stateSpan(context.document, wide),
        message: [
          `${nameOf(wide)} accepts whatever a helper was told to expect, to any port: what announces it comes from outside.`,
          'Ask for the helper and its ports: -m helper --helper NAME.',
        ].join(' '),
        related: [],
        fixes: [],
      },
    ]
  );
}

function isWide(context: LintContext, ref: RuleRef): boolean {
  if (!hasTarget(ref, 'ACCEPT') || !asksFor(ref.rule, 'RELATED')) return false;
  return packetsOfPath(context.walker(), [ref], {}).some(
    ({ box, exact }) => exact && box.protocol === undefined && box.dport === undefined && box.in === undefined,
  );
}
