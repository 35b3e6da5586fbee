import { CT_STATES } from '../../analysis/packet-space';
import type { RuleRef } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { TextEdit } from '../finding';
import { hasTranslation, type StateList, stateLists, statesTaken } from '../state-words';

export const ctstateContradiction = defineRule({
  code: 'ctstate-contradiction',
  title: 'A rule asks for states that no packet has at once',
  severity: 'error',
  group: 'state',
  proof: 'text',
  docs: {
    what: 'Two state matches of one rule have no state in common, or one of them leaves none.',
    why: paragraphs(
      'A packet has one state. All matches of a rule must hold at once, so `--ctstate NEW` beside `--ctstate ESTABLISHED`',
      'never does: the rule is loaded, and is dead.',
    ),
    instead: 'One list with all the states that are meant: `--ctstate NEW,ESTABLISHED`.',
    suppress: 'Never.',
  },
  kernel: ['net/netfilter/xt_conntrack.c:conntrack_mt', 'net/ipv4/netfilter/ip_tables.c:ipt_do_table'],
  bad: [
    {
      title: 'Two matches where one list was meant',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate NEW -m conntrack --ctstate ESTABLISHED -j ACCEPT
#                                                ^^^^^^^^^^^^^^^^^^^^^ at once
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The old word and the new one',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
#                                                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ at once
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m state --state NEW,RELATED,ESTABLISHED -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A negation that excludes what is asked for',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate INVALID -m conntrack ! --ctstate NEW,INVALID -j DROP
#                                                      ^^^^^^^^^^^^^^^^^^^^^^^ at once
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'One list',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A state, and a translation beside it',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate NEW -m conntrack --ctstate DNAT -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A second match that narrows the first',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate NEW,ESTABLISHED -m state ! --state NEW -j ACCEPT
COMMIT
`,
    },
  ],
  on: { rule: check },
});

function check(ref: RuleRef, { document }: LintContext): readonly Report[] {
  const lists = stateLists(document, ref);
  const last = lists.at(-1);
  if (last === undefined || lists.some(hasTranslation)) return [];
  const common = CT_STATES.filter((state) => lists.every((list) => statesTaken(list).includes(state)));
  if (common.length > 0) return [];
  const edits = lists.length === 2 ? merged(document.text, lists) : undefined;
  return [
    {
      span: last.span,
      message: [
        `${nameOf(ref)} never matches: no packet is ${lists.map(asked).join(' and ')} at once.`,
        'Write the states that are meant as one list.',
      ].join(' '),
      related: [],
      fixes: edits ? [{ title: 'Make one list of them', edits, safe: false, scope: { kind: 'packets', of: {} } }] : [],
    },
  ];
}

function asked({ words, inverted }: StateList): string {
  return inverted ? `none of ${words.join(', ')}` : words.join(' or ');
}

function merged(text: string, [first, second]: readonly StateList[]): readonly TextEdit[] | undefined {
  if (first === undefined || second?.matchSpan === undefined || first.inverted || second.inverted) return undefined;
  const words = text.slice(second.listSpan.start, second.listSpan.end);
  return [
    { span: { start: first.listSpan.end, end: first.listSpan.end }, text: `,${words}` },
    { span: second.matchSpan, text: '' },
  ];
}
