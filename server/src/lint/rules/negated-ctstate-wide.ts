import type { CtState } from '../../../../src-sim/conntrack/entry';
import type { RuleRef } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { hasTranslation, stateLists, statesTaken } from '../state-words';
import { hasTarget } from '../table-rules';

export const negatedCtstateWide = defineRule({
  code: 'negated-ctstate-wide',
  title: 'A negated state accepts more than it says',
  severity: 'information',
  group: 'state',
  proof: 'text',
  docs: {
    what: 'A rule accepts whatever is not in a state: `! --ctstate INVALID -j ACCEPT`.',
    why: paragraphs(
      'There are five states. What is not INVALID is NEW, ESTABLISHED and RELATED, and UNTRACKED as well; what is not NEW',
      'is INVALID too. Who reads the rule thinks of one of them.',
    ),
    instead: 'Name the states that are meant.',
    suppress: 'Where all the others are meant.',
  },
  kernel: ['net/netfilter/xt_conntrack.c:conntrack_mt'],
  bad: [
    {
      title: 'Everything but rubbish is everything',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack ! --ctstate INVALID -j ACCEPT
#                     ^^^^^^^^^^^^^^^^^^^ NEW, ESTABLISHED, RELATED and UNTRACKED
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate NEW,ESTABLISHED,RELATED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'What is not NEW',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state ! --state NEW -j ACCEPT
#                 ^^^^^^^^^^^^^ ESTABLISHED, RELATED, INVALID and UNTRACKED
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state ESTABLISHED,RELATED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'In a chain of services',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:web - [0:0]
-A INPUT -p tcp -m multiport --dports 80,443 -j web
-A web -m conntrack ! --ctstate INVALID,RELATED -j ACCEPT
#                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^ NEW, ESTABLISHED and UNTRACKED
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'A negation that denies',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j DROP
-A INPUT -m conntrack ! --ctstate NEW,RELATED,ESTABLISHED -j DROP
COMMIT
`,
    },
    {
      title: 'A negation that only jumps',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:known - [0:0]
-A INPUT -m conntrack ! --ctstate NEW -j known
-A known -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'What is left has been narrowed to one state, or is translated',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A FORWARD -i lan0 -m conntrack ! --ctstate DNAT -j ACCEPT
-A INPUT -i lo -m conntrack ! --ctstate INVALID -j ACCEPT
COMMIT
`,
    },
  ],
  on: { rule: check },
});

const USUAL: readonly CtState[] = ['NEW', 'ESTABLISHED', 'RELATED'];

function check(ref: RuleRef, context: LintContext): readonly Report[] {
  if (ref.table !== 'filter' || ref.chain === 'OUTPUT' || !hasTarget(ref, 'ACCEPT') || isForLoopback(ref)) return [];
  const [list, ...others] = stateLists(context.document, ref);
  if (list === undefined || others.length > 0 || !list.inverted || hasTranslation(list)) return [];
  const taken = statesTaken(list);
  const usual = taken.filter((state) => USUAL.includes(state));
  if (taken.length === usual.length) return [];
  const option = list.module === 'state' ? '--state' : '--ctstate';
  const edits = [{ span: list.span, text: `${option} ${usual.join(',')}` }];
  const scope = { kind: 'packets' as const, of: { states: ['INVALID', 'UNTRACKED'] as const } };
  return [
    {
      span: list.span,
      message: [
        `${nameOf(ref)} accepts all states but ${list.words.join(' and ')}: that is ${wordList(taken)}.`,
        'Name those that are meant.',
      ].join(' '),
      related: [],
      fixes: usual.length > 0 ? [{ title: 'Name the states', edits, safe: false, scope }] : [],
    },
  ];
}

function isForLoopback({ rule }: RuleRef): boolean {
  return rule.matches.some(({ options }) => options['in-interface']?.value === 'lo');
}

function wordList(words: readonly string[]): string {
  return [words.slice(0, -1).join(', '), words.at(-1)].filter((part) => part !== '').join(' and ');
}
