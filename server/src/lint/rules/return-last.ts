import { findChain } from '../../analysis/find-chain';
import type { RuleRef } from '../../analysis/rule-packets';
import { effectOf } from '../../analysis/rule-packets';
import { isMachineWritten, rulesOf, takesAll } from '../dead-rules';
import { defineRule, type LintContext, nameOf, type Report } from '../define';
import { removeRule, ruleSpan } from '../places';

export const returnLast = defineRule({
  code: 'return-last',
  title: 'RETURN as the last rule of a chain',
  severity: 'hint',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: "The last rule of a chain of your own is `RETURN` without a condition. Programs' chains are not told.",
    why: 'A chain that ends returns by itself.',
    instead: 'Leave the rule out.',
    suppress: 'Where its counter is read.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ipt_do_table'],
  bad: [
    {
      title: 'What happens anyway',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:services - [0:0]
-A INPUT -j services
-A services -p tcp -m tcp --dport 22 -j ACCEPT
-A services -j RETURN
#=== returns what would return anyway
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:services - [0:0]
-A INPUT -j services
-A services -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'A return before other rules, and the one that fail2ban writes',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:f2b-sshd - [0:0]
:services - [0:0]
-A INPUT -j f2b-sshd
-A INPUT -j services
-A f2b-sshd -s 192.0.2.7/32 -j DROP
-A f2b-sshd -j RETURN
-A services -s 192.0.2.0/24 -j RETURN
-A services -j DROP
COMMIT
`,
    },
  ],
  on: { rule: check },
});

function check(ref: RuleRef, { document, ruleset }: LintContext): readonly Report[] {
  if (effectOf(ref.rule.target)?.kind !== 'return' || !takesAll(ref.rule) || isMachineWritten(ref)) return [];
  const rules = rulesOf(ruleset, ref);
  const isBase = findChain(ruleset, ref.table, ref.chain)?.policy !== undefined;
  if (isBase || ref.number !== rules.length || rules.length === 1) return [];
  const edits = removeRule(document, ruleset, ref);
  return [
    {
      span: ruleSpan(document, ref),
      message: `${nameOf(ref)} returns what would return anyway: it is the last rule of ${ref.chain}`,
      related: [],
      fixes: edits ? [{ title: 'Delete this rule', edits, safe: true, scope: { kind: 'nothing' } }] : [],
    },
  ];
}
