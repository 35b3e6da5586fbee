import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { reportAt } from '../rule-lines';
import { setLookups, setsBeside } from '../sets-beside';

export const ipsetFamily = defineRule({
  code: 'ipset-family',
  title: 'A set of the other address family',
  severity: 'error',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: 'A rule for IPv4 looks into a set of IPv6 addresses, or the other way.',
    why: paragraphs(
      'iptables-restore refuses it, and with it the whole table. A set holds one family; `hash:ip` without `family',
      'inet6` is of IPv4.',
    ),
    instead: 'Make a second set for the other family.',
    suppress: 'Never.',
  },
  kernel: ['net/netfilter/xt_set.c:match_set'],
  bad: [
    {
      title: 'IPv6 addresses for IPv4 rules',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m set --match-set bad6 src -j DROP
#                           ^^^^ holds IPv6
COMMIT
`,
      beside: { ipsets: 'create bad6 hash:ip family inet6\n' },
      refused: true,
    },
  ],
  good: [
    {
      title: 'Each its own',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m set --match-set bad4 src -j DROP
-A INPUT -m set --match-set ports dst -j DROP
COMMIT
`,
      beside: { ipsets: 'create bad4 hash:ip\ncreate ports bitmap:port range 0-65535\n' },
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const { document, ruleset } = context;
  const lookups = setLookups(document);
  const sets = lookups.length === 0 ? undefined : setsBeside(context);
  return lookups.flatMap(({ rule, part, set }) => {
    const family = sets?.get(set)?.family;
    if (family === undefined || family === ruleset.family) return [];
    const [holds, rules] = family === 'ipv6' ? ['IPv6', 'IPv4'] : ['IPv4', 'IPv6'];
    const message = `"${set}" holds ${holds} addresses, and this is a ruleset for ${rules}: iptables-restore refuses it.`;
    return [reportAt(document, rule, part.words[0]?.span ?? part.flag.span, message)];
  });
}
