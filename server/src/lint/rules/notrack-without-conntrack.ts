import type { Rule } from '../../../../src-sim/netfilter/ruleset';
import { findMatch, findTarget } from '../../../../src-sim/xt/registry';
import { effectOf } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { targetSpan } from '../places';
import { rulesOf } from '../table-rules';
import { hasUntracking } from '../untracked-flows';

export const notrackWithoutConntrack = defineRule({
  code: 'notrack-without-conntrack',
  title: 'NOTRACK where nothing tracks',
  severity: 'information',
  group: 'notrack',
  proof: 'text',
  docs: {
    what: 'The ruleset takes packets out of conntrack, and no rule of it needs conntrack.',
    why: paragraphs(
      'Since Linux 4.14 conntrack runs in a network namespace only while some rule there needs it: a state match, NAT,',
      'connmark, connlimit. A NOTRACK is none of these. Without them no packet is tracked, and there is nothing to prevent.',
    ),
    instead: 'Leave the NOTRACK out.',
    suppress: 'Where rules of another program (Docker, nftables) need conntrack.',
  },
  kernel: ['net/netfilter/nf_conntrack_proto.c:nf_ct_netns_get'],
  bad: [
    {
      title: 'Nothing else',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j NOTRACK
#                                      ^^^^^^^^^^ does nothing
COMMIT
`,
    },
    {
      title: 'A filter without states',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 53 -j CT --notrack
#                                      ^^^^^^^^^^^^^^^ does nothing
-A OUTPUT -p udp -m udp --sport 53 -j CT --notrack
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m udp --dport 53 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'An empty table nat needs nothing',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A OUTPUT -o lo -j NOTRACK
#               ^^^^^^^^^^ does nothing
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'A state match',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j NOTRACK
-A OUTPUT -p tcp -m tcp --sport 80 -j NOTRACK
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'NAT',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i lan0 -p udp -m udp --dport 53 -j NOTRACK
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
`,
    },
    {
      title: 'A limit of connections',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 53 -j NOTRACK
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 80 -m connlimit --connlimit-above 20 -j DROP
COMMIT
`,
    },
  ],
  on: { ruleset: (context) => check(context) ?? [] },
});

function check(context: LintContext): readonly Report[] | undefined {
  const { ruleset } = context;
  if (!hasUntracking(ruleset)) return undefined;
  if (ruleset.tables.some(({ name }) => rulesOf(ruleset, name).some(({ rule }) => mayNeedConntrack(rule)))) {
    return undefined;
  }
  const notrack = rulesOf(ruleset, 'raw').find(({ rule }) => effectOf(rule.target)?.kind === 'untrack');
  return (
    notrack && [
      {
        span: targetSpan(context.document, notrack),
        message: `${nameOf(notrack)} does nothing: no rule here needs conntrack, so that it does not run.`,
        related: [],
        fixes: [],
      },
    ]
  );
}

/** What nobody has declared may need it. */
function mayNeedConntrack({ matches, target }: Rule): boolean {
  return (
    matches.some(
      ({ name, options, unknown }) => unknown !== undefined || (findMatch(name)?.needsConntrack(options) ?? true),
    ) ||
    (target.kind === 'target' &&
      (target.unknown !== undefined || (findTarget(target.name)?.needsConntrack(target.options) ?? true)))
  );
}
