import type { RuleRef } from '../../analysis/rule-packets';
import { placesOf } from '../dead-report';
import { deadRule, isMachineWritten, rulesOf } from '../dead-rules';
import { deadWitness } from '../dead-witness';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { lateTcpmss } from '../late-tcpmss';
import { isLogging } from '../logging-rules';
import { moveAbove } from '../move-rule';
import { decidesOnNat, isOtherNat } from '../nat-rules';
import { ruleSpan } from '../places';
import { targetText } from '../target-text';

export const unreachableAfterTerminal = defineRule({
  code: 'unreachable-after-terminal',
  title: 'A rule stands below one that takes everything',
  severity: 'warning',
  group: 'order',
  proof: 'text',
  docs: {
    what: paragraphs(
      'Above the rule stands one without any condition that accepts, denies, returns or goes elsewhere for good. Whatever',
      'stands below it in the chain is never asked. In chains that programs write it is an information.',
    ),
    why: paragraphs(
      'Rules that are added with `-A` land at the end of the chain: below the `-j REJECT --reject-with icmp-host-prohibited`',
      'with which distributions close theirs, or below the `RETURN` of `DOCKER-USER`. They are listed, they count nothing,',
      'and they do nothing.',
    ),
    instead: 'Insert the rule above the one that takes everything (`iptables -I CHAIN NUMBER …`), or delete it.',
    suppress: 'Where the rule that takes everything is put in and out by a program.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ipt_do_table'],
  bad: [
    {
      title: 'Appended to a chain that a distribution had closed',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
#=== filter:INPUT:4 (line 8) rejects every packet before
COMMIT
`,
      fixed: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
COMMIT
`,
    },
    {
      title: "Below the return of Docker's chain for users",
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A DOCKER-USER -j RETURN
-A DOCKER-USER -i eth0 ! -s 192.0.2.0/24 -j DROP
#=== filter:DOCKER-USER:1 (line 7) returns every packet before
COMMIT
`,
    },
    {
      title: 'Behind a jump to a chain that ends everything',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:rest - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -j rest
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
#=== is never reached, nor is the rule below it: filter:INPUT:2 (line 7) sends to rest every packet before
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
-A rest -m limit --limit 3/min -j LOG
-A rest -j DROP
COMMIT
`,
    },
    {
      title: 'Behind a goto',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:services - [0:0]
-A INPUT -g services
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
#=== sends to services every packet before
-A services -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The rule that takes everything is the last',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
COMMIT
`,
    },
    {
      title: 'A log without conditions lets everything go on',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m limit --limit 3/min -j LOG
-A INPUT -j LOG --log-prefix "in: "
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A jump comes back',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:services - [0:0]
-A INPUT -j services
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A services -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { rule: check },
});

/** Rules about one kind of target say more of it. */
function isToldByOthers(context: LintContext, ref: RuleRef, last: RuleRef): boolean {
  const isOfNat = decidesOnNat(ref) && isOtherNat(ref, last);
  return isLogging(ref) || isOfNat || lateTcpmss(context, ref) !== undefined;
}

/** One finding for all that stand below the same rule: at the first of them. */
function check(ref: RuleRef, context: LintContext): readonly Report[] {
  const dead = deadRule(context, ref);
  if (dead?.kind !== 'behind-all' || isToldByOthers(context, ref, dead.last)) return [];
  const { document, ruleset } = context;
  const between = rulesOf(ruleset, ref).slice(dead.last.number, ref.number - 1);
  if (between.some((rule) => !isLogging({ rule }))) return [];
  const below = rulesOf(ruleset, ref).length - ref.number;
  const others =
    below === 0 ? '' : below === 1 ? ', nor is the rule below it' : `, nor are the ${below} rules below it`;
  const witness = deadWitness(context, ref, [dead.last], dead.sample);
  const taker = `${nameOf(dead.last)} ${targetText(dead.last.rule.target)} every packet before`;
  return [
    {
      ...(isMachineWritten(ref) ? { severity: 'information' as const } : {}),
      span: ruleSpan(document, ref),
      message: `${nameOf(ref)} is never reached${others}: ${taker}. Move ${below === 0 ? 'it' : 'them'} up, or delete ${below === 0 ? 'it' : 'them'}`,
      related: placesOf(document, [dead.last], 'takes every packet'),
      fixes: moveAbove(context, ref, dead.last, dead.sample.box),
      ...(witness ? { witness } : {}),
    },
  ];
}
