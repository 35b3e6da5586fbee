import type { Rule } from '../../../../src-sim/netfilter/ruleset';
import { type RuleRef, regionsOf } from '../../analysis/rule-packets';
import { rulesOf } from '../dead-rules';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { ruleSpan } from '../places';

export const ruleNoTarget = defineRule({
  code: 'rule-no-target',
  title: 'A rule that only counts',
  severity: 'hint',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: paragraphs(
      'The rule has no `-j` and no `-g`. It counts packets, and the next rule is theirs. Matches that do something',
      'by being asked (`recent --set`, `quota`, `limit`) are not told, nor chains with three such rules, or with no others:',
      'these are there to count.',
    ),
    why: 'Mostly the target was forgotten, and what should be dropped or accepted is not.',
    instead: 'Say what is to become of the packets: `-j ACCEPT`, `-j DROP`, …',
    suppress: 'Where you want to know how many there are.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ipt_do_table'],
  bad: [
    {
      title: 'Half a rule',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 192.0.2.1/32
#=== only counts: it has no target
-A INPUT -p tcp -m tcp --dport 23 -j DROP
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'A chain that counts, and a list that remembers',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:traffic - [0:0]
-A INPUT -j traffic
-A INPUT -p tcp -m tcp --dport 22 -m recent --set --name ssh --rsource
-A INPUT -p tcp -m tcp --dport 22 -m recent --update --seconds 60 --hitcount 4 --name ssh --rsource -j DROP
-A traffic -s 192.0.2.0/24
-A traffic -s 198.51.100.0/24
COMMIT
`,
    },
  ],
  on: { rule: check },
});

/** Nobody forgets more: these are there to count. */
const MOST_FORGOTTEN = 2;

function check(ref: RuleRef, { document, ruleset }: LintContext): readonly Report[] {
  if (ref.rule.target.kind !== 'none' || !isPlain(ref.rule)) return [];
  const rules = rulesOf(ruleset, ref);
  const counting = rules.filter(({ target }) => target.kind === 'none').length;
  if (counting === rules.length || counting > MOST_FORGOTTEN) return [];
  const message = `${nameOf(ref)} only counts: it has no target. Say with -j what is to become of the packets`;
  return [{ span: ruleSpan(document, ref), message, related: [], fixes: [] }];
}

/** Its matches look at the packet, and leave no trace. */
function isPlain({ matches }: Rule): boolean {
  return matches.every((match) => regionsOf(match)?.every(({ exact }) => exact) ?? false);
}
