import { isHook } from '../../../../src-sim/netfilter/hook';
import type { RuleRef } from '../../analysis/rule-packets';
import { effectOf } from '../../analysis/rule-packets';
import { rulesOf, takesAll } from '../dead-rules';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { policyOf } from '../outcomes';
import { targetSpan } from '../places';

export const gotoReturnsToPolicy = defineRule({
  code: 'goto-returns-to-policy',
  title: 'What a goto does not decide, the policy does',
  severity: 'information',
  group: 'order',
  proof: 'text',
  docs: {
    what: paragraphs(
      'A built-in chain goes with `-g` to a chain that may end without a verdict, and rules stand below that will not see',
      'the packet any more.',
    ),
    why: paragraphs(
      '`-g` leaves no place to come back to. Where the other chain ends, or returns, the walk goes on where the chain with',
      'the goto was called from; a built-in chain was called from nowhere, so its policy decides.',
    ),
    instead: 'Write `-j` where the rules below should be asked; otherwise end the other chain with a verdict.',
    suppress: 'Where the policy is meant to decide.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ipt_do_table'],
  bad: [
    {
      title: 'A ping that nobody accepts',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:icmp - [0:0]
-A INPUT -p icmp -g icmp
#                ^^^^^^^ what icmp does not decide meets the policy DROP, not the rules below
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A icmp -p icmp -m icmp --icmp-type 3 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The other chain decides on everything',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:icmp - [0:0]
-A INPUT -p icmp -g icmp
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A icmp -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A icmp -j DROP
COMMIT
`,
    },
    {
      title: 'Nothing stands below the goto',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:services - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -g services
-A services -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { rule: check },
});

function check(ref: RuleRef, context: LintContext): readonly Report[] {
  const { target } = ref.rule;
  if (target.kind !== 'goto' || !isHook(ref.chain)) return [];
  const policy = policyOf(context, ref.table, ref.chain);
  const rules = rulesOf(context.ruleset, ref);
  if (policy === undefined || ref.number === rules.length || takesAll(ref.rule)) return [];
  if (!mayEnd(context, ref, target.chain, 0)) return [];
  const message = `what ${target.chain} does not decide meets the policy ${policy}, not the rules below ${nameOf(ref)}: -g does not come back`;
  return [{ span: targetSpan(context.document, ref), message, related: [], fixes: [] }];
}

const DEEPEST = 20;

/** Whether packets may come out of the chain again; also where it is not known. */
function mayEnd(context: LintContext, { table }: RuleRef, chain: string, depth: number): boolean {
  const rules = rulesOf(context.ruleset, { table, chain });
  if (depth > DEEPEST) return true;
  for (const rule of rules) {
    if (effectOf(rule.target)?.kind === 'return') return true;
    if (rule.target.kind === 'goto' && mayEnd(context, { table, chain, number: 1, rule }, rule.target.chain, depth + 1))
      return true;
    if (takesAll(rule)) return false;
    const isForAll = rule.matches.length === 0 && rule.target.kind === 'jump';
    if (isForAll && !mayEnd(context, { table, chain, number: 1, rule }, rule.target.chain, depth + 1)) return false;
  }
  return true;
}
