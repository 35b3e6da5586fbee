import type { Rule } from '../../../../src-sim/netfilter/ruleset';
import type { RuleRef } from '../../analysis/rule-packets';
import { placesOf } from '../dead-report';
import { deadRule } from '../dead-rules';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { duplicateOf } from '../duplicate-rules';
import type { Fix } from '../finding';
import { removeRule, ruleSpan } from '../places';

export const ruleDuplicate = defineRule({
  code: 'rule-duplicate',
  title: 'The chain has this rule already',
  severity: 'hint',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: paragraphs(
      'An earlier rule of the chain has the same conditions and the same target, as iptables prints them: with the order of',
      'the matches, default masks and names put aside, and comments too. An information where the counters say that the',
      'first one gets the packets.',
    ),
    why: paragraphs(
      'The second never gets a packet that the first one decides on, and a chain that is called twice is walked twice.',
      'Mostly it is what `iptables-restore --noflush` or a script that ran again leaves behind. Rules that count, meter or',
      'throw dice (`limit`, `recent`, `statistic`) are not compared: of these two are not one.',
    ),
    instead: 'Delete the later one; let scripts ask `iptables -C` before they add.',
    suppress: 'Where a program is known to add its rules again.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ipt_do_table'],
  bad: [
    {
      title: 'The same host, written in two ways',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 192.0.2.1 -j DROP
-A INPUT -p tcp -m tcp --dport 25 -j DROP
-A INPUT -s 192.0.2.1/32 -m comment --comment again -j DROP
#=== says the same as filter:INPUT:1 (line 5)
COMMIT
`,
      fixed: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 192.0.2.1 -j DROP
-A INPUT -p tcp -m tcp --dport 25 -j DROP
COMMIT
`,
    },
    {
      title: 'A chain that is called twice',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:f2b-sshd - [0:0]
-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd
-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd
#=== says the same as filter:INPUT:1 (line 6)
-A f2b-sshd -s 192.0.2.9/32 -j REJECT --reject-with icmp-port-unreachable
-A f2b-sshd -j RETURN
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Two limits let twice as much through',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p icmp -m limit --limit 1/sec -j ACCEPT
-A INPUT -p icmp -m limit --limit 1/sec -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The same conditions for different targets',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 192.0.2.1/32 -j LOG
-A INPUT -s 192.0.2.1/32 -j DROP
COMMIT
`,
    },
  ],
  on: { rule: check },
});

function check(ref: RuleRef, context: LintContext): readonly Report[] {
  const { document, ruleset } = context;
  const of = duplicateOf(ruleset, ref);
  if (of === undefined || isToldOtherwise(ref, context)) return [];
  const edits = removeRule(document, ruleset, ref);
  const isVerdict = ref.rule.target.kind === 'target';
  const fix: Fix | undefined = edits && {
    title: 'Delete this rule',
    edits,
    // A chain that is walked twice may log twice, or count twice.
    safe: isVerdict,
    scope: { kind: 'nothing' },
  };
  return [
    {
      severity: haveTold(of.rule, ref.rule) ? 'information' : 'hint',
      span: ruleSpan(document, ref),
      message: `${nameOf(ref)} says the same as ${nameOf(of)}: ${isVerdict ? 'no packet comes so far' : 'the chain is walked twice'}`,
      related: placesOf(document, [of], 'says the same'),
      fixes: fix ? [fix] : [],
    },
  ];
}

/** Below a rule that takes everything, or in a chain that nothing reaches: that is what is said. */
function isToldOtherwise(ref: RuleRef, context: LintContext): boolean {
  const { kind } = context.reachOf(ref);
  if (kind === 'unreferenced') return true;
  return (kind === 'taken' || kind === 'contradiction') && deadRule(context, ref)?.kind !== 'duplicate';
}

function haveTold(first: Rule, second: Rule): boolean {
  return first.counters.packets > 0 && second.counters.packets === 0;
}
