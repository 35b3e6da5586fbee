import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { reportAt } from '../rule-lines';
import { type SetLookup, setLookups, setsBeside } from '../sets-beside';

export const ipsetMissing = defineRule({
  code: 'ipset-missing',
  title: 'A set that nobody makes',
  severity: 'warning',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: paragraphs(
      'A rule looks into a set, and the ipset file beside the ruleset does not create it. Where nothing is beside',
      'it, one information says that the sets must be there first.',
    ),
    why: paragraphs(
      'iptables-restore refuses a rule whose set is not there, and with it the whole table: at boot, when the sets',
      'come later than the rules, the host has no firewall at all.',
    ),
    instead: 'Restore the sets before the rules, and keep both in one place.',
    suppress: 'Where another service makes the set before the rules are loaded.',
  },
  kernel: ['net/netfilter/xt_set.c:set_match_v0_checkentry'],
  bad: [
    {
      title: 'Another name',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m set --match-set blocklist src -j DROP
#                           ^^^^^^^^^ creates no set
COMMIT
`,
      beside: { ipsets: 'create blocked hash:net\n' },
      refused: true,
    },
    {
      title: 'Nobody knows',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m set --match-set blocklist src -j DROP
#                           ^^^^^^^^^ must be there
COMMIT
`,
      refused: true,
    },
  ],
  good: [
    {
      title: 'It is made beside',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m set --match-set blocklist src -j DROP
COMMIT
`,
      beside: { ipsets: 'create blocklist hash:net\n' },
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const { document } = context;
  const lookups = setLookups(document);
  const sets = lookups.length === 0 ? undefined : setsBeside(context);
  if (sets === undefined) return lookups.slice(0, 1).map((lookup) => unknownSets(context, lookup));
  return lookups
    .filter(({ set }) => !sets.has(set))
    .map(({ rule, part, set }) => {
      const message = `the ipset file beside the rules creates no set "${set}": iptables-restore refuses the whole table.`;
      return reportAt(document, rule, part.words[0]?.span ?? part.flag.span, message, { severity: 'error' });
    });
}

function unknownSets({ document }: LintContext, { rule, part, set }: SetLookup): Report {
  const message = `the set "${set}" must be there before the rules are loaded, or the whole table is refused.`;
  return reportAt(document, rule, part.words[0]?.span ?? part.flag.span, message, { severity: 'information' });
}
