import { holds } from '../../../../src-sim/net/interval-set';
import { PROTOCOL } from '../../../../src-sim/net/protocol';
import { effectOf, packetsOfPath, type RuleRef } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { NatRule } from '../nat-rules';
import { natRules, SOURCE_NAT } from '../nat-rules';
import { lineBefore, targetSpan } from '../places';
import { rulesOf } from '../table-rules';

export const masqueradeIpsec = defineRule({
  code: 'masquerade-ipsec',
  title: 'What goes into an IPsec tunnel is masqueraded first',
  severity: 'information',
  group: 'nat',
  proof: 'text',
  docs: {
    what: 'The ruleset speaks of IPsec, and a MASQUERADE or SNAT spares nothing that a tunnel is to encrypt.',
    why: paragraphs(
      '`POSTROUTING` comes before encryption. A packet whose source was rewritten no longer fits the policy of the tunnel: it',
      'leaves in the clear, or nowhere.',
    ),
    instead: '`-A POSTROUTING -m policy --dir out --pol ipsec -j ACCEPT` above it.',
    suppress: 'Where the tunnels are route-based (VTI, XFRM interfaces), or end at other hosts.',
  },
  kernel: ['net/netfilter/xt_policy.c:policy_mt', 'net/ipv4/xfrm4_output.c:xfrm4_output'],
  bad: [
    {
      title: 'ESP comes in, and everything that leaves is masqueraded',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.1.0.0/16 -o eth0 -j MASQUERADE
#                                     ^^^^^^^^^^^^^ IPsec
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p esp -j ACCEPT
COMMIT
`,
      fixed: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -m policy --dir out --pol ipsec -j ACCEPT
-A POSTROUTING -s 10.1.0.0/16 -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p esp -j ACCEPT
COMMIT
`,
    },
    {
      title: 'IKE and NAT traversal',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o ppp0 -j SNAT --to-source 203.0.113.5
#                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ IPsec
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p udp -m multiport --dports 500,4500 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The policy is looked at in FORWARD only',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan0 -j MASQUERADE
#                      ^^^^^^^^^^^^^ IPsec
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m policy --dir in --pol ipsec -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Tunnels are spared first',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -m policy --dir out --pol ipsec -j ACCEPT
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p esp -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The rule asks for packets without IPsec, or not for the other side',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan0 -m policy --dir out --pol none -j MASQUERADE
-A POSTROUTING -s 10.1.0.0/16 ! -d 10.2.0.0/16 -o wan0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m udp --dport 500 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'No IPsec',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m udp --dport 1194 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: (context) => check(context) ?? [] },
});

/** Said once: one rule at the head of the chain mends them all. */
function check(context: LintContext): readonly Report[] | undefined {
  const nats = natRules(context, SOURCE_NAT).filter(({ hook }) => hook === 'POSTROUTING');
  const nat = nats.find((rule) => rule.exact && sparesNothing(context, rule));
  if (nat === undefined || !speaksOfIpsec(context)) return undefined;
  const [first] = nat.path;
  const rule = '-A POSTROUTING -m policy --dir out --pol ipsec -j ACCEPT';
  const edit = first && lineBefore(context.document, first, rule);
  return [
    {
      span: targetSpan(context.document, nat.ref),
      message: [
        `${nameOf(nat.ref)} rewrites the source of what an IPsec tunnel is to encrypt, before its policy is asked:`,
        'it no longer fits. Spare it: -m policy --dir out --pol ipsec -j ACCEPT.',
      ].join(' '),
      related: [],
      fixes: edit ? [{ title: 'Spare what is encrypted', edits: [edit], safe: false }] : [],
    },
  ];
}

/** Neither the rule nor one before it asks for the policy, or for where packets go. */
function sparesNothing({ ruleset }: LintContext, { path, boxes }: NatRule): boolean {
  if (boxes.some(({ dst, mark }) => dst !== undefined || mark !== undefined)) return false;
  return path.every((ref) =>
    rulesOf(ruleset, 'nat', ref.chain)
      .slice(0, ref.number - 1)
      .filter(({ rule }) => ['return', 'accept'].includes(effectOf(rule.target)?.kind ?? ''))
      .every(({ rule }) => !asksPolicy(rule) && !namesDestination(rule)),
  );
}

function asksPolicy({ matches }: RuleRef['rule']): boolean {
  return matches.some(({ name }) => name === 'policy');
}

/** `-d 10.2.0.0/16 -j ACCEPT`: the other end of the tunnel. */
function namesDestination({ matches }: RuleRef['rule']): boolean {
  return matches.some(({ options }) => options.destination !== undefined);
}

function speaksOfIpsec(context: LintContext): boolean {
  const tables = context.ruleset.tables.flatMap(({ name }) => rulesOf(context.ruleset, name));
  if (tables.some(({ rule }) => asksPolicy(rule))) return true;
  const walker = context.walker();
  return rulesOf(context.ruleset, 'filter', 'INPUT')
    .filter(({ rule }) => effectOf(rule.target)?.kind === 'accept')
    .some((ref) =>
      packetsOfPath(walker, [ref], {}).some(({ box: { protocol, dport } }) => {
        const isOne = (set: typeof protocol, member: number) =>
          set !== undefined && set.length < 4 && holds(set, member);
        return (
          isOne(protocol, PROTOCOL.esp) || (isOne(protocol, PROTOCOL.udp) && (isOne(dport, 500) || isOne(dport, 4500)))
        );
      }),
    );
}
