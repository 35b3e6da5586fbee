import { defineRule, type LintContext, type Report } from '../define';
import { type ListUse, listUses } from '../recent-lists';
import { placeOf, relatedTo, reportAt, useSpan } from '../rule-lines';

export const recentDefaultList = defineRule({
  code: 'recent-default-list',
  title: 'Two purposes, one list',
  severity: 'information',
  group: 'limits',
  proof: 'text',
  docs: {
    what: 'Rules for different protocols or ports add to the list `DEFAULT`, since none says `--name`.',
    why: 'What one rule counts the other one counts too: who opens three web pages is shut out of SSH.',
    instead: 'Give each purpose a list of its own: `--name ssh`.',
    suppress: 'Where the sum is meant.',
  },
  kernel: ['net/netfilter/xt_recent.c:recent_mt'],
  bad: [
    {
      title: 'Web and SSH count together',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m recent --set
-A INPUT -p tcp -m tcp --dport 22 -m recent --update --seconds 60 --hitcount 4 -j DROP
-A INPUT -p tcp -m tcp --dport 80 -m recent --set
#                                 ^^^^^^^^^^^^^^^ DEFAULT
-A INPUT -p tcp -m tcp --dport 80 -m recent --update --seconds 60 --hitcount 30 -j DROP
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Lists of their own',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m recent --set --name ssh
-A INPUT -p tcp -m tcp --dport 80 -m recent --set --name web
COMMIT
`,
    },
    {
      title: 'One purpose',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m recent --set
-A INPUT -p tcp -m tcp --dport 22 -m recent --update --seconds 60 --hitcount 4 -j DROP
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  const adding = listUses(document).filter(({ kind, isNamed }) => kind === 'set' && !isNamed);
  const [first] = adding;
  const other = first && adding.find((one) => purposeOf(one) !== purposeOf(first));
  if (first === undefined || other === undefined) return [];
  const message = `without --name both this rule and ${placeOf(first.rule)} add to the list DEFAULT, and count together.`;
  const related = [relatedTo(document, first.rule, 'adds to the same list')];
  return [reportAt(document, other.rule, useSpan(other.use), message, { related })];
}

/** Protocol and destination: who comes from where is no other purpose. */
function purposeOf({ rule: { uses }, use }: ListUse): string {
  const { protocol, destination } = uses.builtin?.given ?? {};
  const others = uses.matches.filter((one) => one !== use && one.name !== 'conntrack' && one.name !== 'state');
  const ports = others.map(({ given }) => given);
  return JSON.stringify([protocol, destination, ports]);
}
