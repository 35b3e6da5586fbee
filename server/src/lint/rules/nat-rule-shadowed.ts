import type { RuleRef } from '../../analysis/rule-packets';
import { namesOf, placesOf } from '../dead-report';
import { deadRule, rulesOf } from '../dead-rules';
import { deadWitness } from '../dead-witness';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { decidesOnNat, isOtherNat } from '../nat-rules';
import { moveBefore, ruleSpan } from '../places';

export const natRuleShadowed = defineRule({
  code: 'nat-rule-shadowed',
  title: 'Earlier translations take every packet of this one',
  severity: 'warning',
  group: 'nat',
  proof: 'packets',
  docs: {
    what: 'Rules of the table `nat` that stand before take all packets of a translation, or of an exemption from it.',
    why: paragraphs(
      'The first rule of `nat` that matches decides: DNAT, SNAT, MASQUERADE and REDIRECT end the walk. Behind a general',
      'MASQUERADE a special SNAT never runs, and an `-j ACCEPT` that is to exempt something comes too late.',
    ),
    instead: 'Put the special rule above the general one.',
    suppress: 'Where the rules before it come and go at run time.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ipt_do_table', 'net/netfilter/nf_nat_core.c:nf_nat_inet_fn'],
  bad: [
    {
      title: 'A general MASQUERADE above a special SNAT',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan0 -j MASQUERADE
-A POSTROUTING -s 10.0.0.9/32 -o wan0 -j SNAT --to-source 203.0.113.9
#=== nat:POSTROUTING:1
COMMIT
`,
      fixed: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.0.0.9/32 -o wan0 -j SNAT --to-source 203.0.113.9
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
`,
    },
    {
      title: 'An exemption that comes too late',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.1.0.0/16 -o eth0 -j MASQUERADE
-A POSTROUTING -s 10.1.0.0/16 -d 10.2.0.0/16 -o eth0 -j ACCEPT
#=== nat:POSTROUTING:1
COMMIT
`,
    },
    {
      title: 'A port of a list',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i wan0 -p tcp -m multiport --dports 80,443,8080 -j DNAT --to-destination 192.168.1.10
-A PREROUTING -i wan0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 192.168.1.20:80
#=== nat:PREROUTING:1
COMMIT
`,
    },
    {
      title: 'Behind a rule that takes everything, in a chain for one interface',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:tunnel - [0:0]
-A POSTROUTING -o tun0 -j tunnel
-A tunnel -j MASQUERADE
-A tunnel -d 10.200.0.0/16 -j ACCEPT
#=== is never reached: nat:tunnel:1 (line 8) takes all its packets before
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The special rule comes first',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.0.0.9/32 -o wan0 -j SNAT --to-source 203.0.113.9
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
`,
    },
    {
      title: 'What is before takes some only',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -m statistic --mode random --probability 0.5 -j DNAT --to-destination 10.0.0.1
-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.2
COMMIT
`,
    },
    {
      title: 'A mark does not end the walk',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan0 -j MARK --set-xmark 0x1/0xffffffff
-A POSTROUTING -s 10.0.0.0/8 -o wan0 -j MASQUERADE
COMMIT
`,
    },
  ],
  on: { rule: check },
});

function check(ref: RuleRef, context: LintContext): readonly Report[] {
  if (!decidesOnNat(ref)) return [];
  const dead = deadRule(context, ref);
  if (dead?.kind !== 'shadowed' && dead?.kind !== 'behind-all') return [];
  const { document, ruleset } = context;
  const by = dead.kind === 'shadowed' ? dead.by : [dead.last];
  // Of those behind a rule that takes everything, the first is told.
  const isFirst = dead.kind === 'shadowed' || ref.number === dead.last.number + 1;
  if (!isFirst || by.every((one) => !isOtherNat(ref, one))) return [];
  const witness = deadWitness(context, ref, by, dead.sample);
  if (witness === undefined) return [];
  const below = dead.kind === 'shadowed' ? 0 : rulesOf(ruleset, ref).length - ref.number;
  const others = below === 0 ? '' : `, nor ${below === 1 ? 'is the rule' : `are the ${below} rules`} below it`;
  const [first] = [...by].sort((a, b) => a.number - b.number);
  const isBeside = by.every(({ chain }) => chain === ref.chain);
  const edits = first && isBeside ? moveBefore(document, ref, first) : undefined;
  return [
    {
      span: ruleSpan(document, ref),
      message: `${nameOf(ref)} is never reached${others}: ${namesOf(by)} ${by.length === 1 ? 'takes' : 'take'} all its packets before, and the first translation counts. Move it up.`,
      related: placesOf(document, by, 'takes the packets'),
      fixes: edits ? [{ title: 'Move it up', edits, safe: false, scope: { kind: 'packets', of: {} } }] : [],
      witness,
    },
  ];
}
