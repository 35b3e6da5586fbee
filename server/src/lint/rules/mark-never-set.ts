import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { bitsSetBy, markTests } from '../marks';
import { optionOf, optionSpan, reportAt, ruleLines } from '../rule-lines';

export const markNeverSet = defineRule({
  code: 'mark-never-set',
  title: 'A mark that nothing sets',
  severity: 'hint',
  group: 'routing',
  proof: 'text',
  docs: {
    what: '`-m mark` or `-m connmark` asks for a mark whose bits no rule of the file sets.',
    why: paragraphs(
      'A rule for a mark that no packet carries never matches: often the other half was deleted, or the two differ',
      'by a typing error.',
    ),
    instead: 'Set the mark, or delete the rule.',
    suppress: 'Where a program or another ruleset sets it: a VPN, `tc`, a routing daemon.',
  },
  kernel: ['net/netfilter/xt_mark.c:mark_mt'],
  bad: [
    {
      title: 'The numbers differ',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth1 -j MARK --set-xmark 0x1/0xffffffff
-A POSTROUTING -m mark --mark 0x2 -j ACCEPT
#                      ^^^^^^^^^^ no rule
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The two halves',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth1 -j MARK --set-xmark 0x1/0xffffffff
-A POSTROUTING -m mark --mark 0x1 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'It comes with the connection',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -j CONNMARK --restore-mark
-A POSTROUTING -m mark --mark 0x2 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'No mark at all',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -m mark --mark 0x0 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

/** Targets that take a mark from elsewhere. */
const BORROWERS = ['restore-mark', 'save-mark', 'map-set', 'tproxy-mark'];

function check({ document }: LintContext): readonly Report[] {
  const tests = markTests(document).filter(
    ({ part, value, mask }) => !part.bang && value !== 0 && (value & ~mask) === 0,
  );
  if (tests.length === 0) return [];
  const lines = ruleLines(document);
  const setters = ['MARK', 'CONNMARK', 'SET', 'TPROXY', 'HMARK'].flatMap((name) => lines.leadingTo(name));
  if (setters.some(({ uses: { target } }) => target?.name === 'HMARK' || optionOf(target, ...BORROWERS))) return [];
  const bits = setters.reduce((all, rule) => all | (bitsSetBy(rule) ?? 0), 0);
  return tests
    .filter(({ value }) => (value & ~bits) !== 0)
    .map(({ rule, part }) => {
      const message = `no rule of this file sets the mark ${part.words[0]?.value}.`;
      return reportAt(document, rule, optionSpan(part), message);
    });
}
