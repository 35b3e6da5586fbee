import { PROTOCOL } from '../../../../src-sim/net/protocol';
import type { Json } from '../../../../src-sim/netfilter/ruleset';
import type { RuleRef } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { targetSpan } from '../places';
import { hasTarget } from '../table-rules';

export const natPortNeedsProto = defineRule({
  code: 'nat-port-needs-proto',
  title: 'A port for packets that have none',
  severity: 'warning',
  group: 'nat',
  proof: 'text',
  docs: {
    what: 'A DNAT or SNAT of ICMP packets names a port.',
    why: paragraphs(
      'iptables takes the id of an ICMP query for a port, and lets the rule pass. The address is translated; the port means',
      'nothing to whoever reads the rule, and TCP, for which it was meant, is not translated at all. Where no protocol is',
      'named, iptables refuses the port.',
    ),
    instead: 'Name the protocol that has the port, `-p tcp` or `-p udp`; or leave the port out.',
    suppress: 'Where the id of ICMP queries is really to be rewritten.',
  },
  kernel: ['net/netfilter/nf_nat_core.c:l4proto_manip_pkt'],
  bad: [
    {
      title: 'ICMP to port 80',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p icmp -j DNAT --to-destination 10.0.0.1:80
#                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ no ports
COMMIT
`,
    },
    {
      title: 'SNAT',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.0.0.0/8 -o eth0 -p icmp -j SNAT --to-source 203.0.113.5:1024-65535
#                                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ no ports
COMMIT
`,
    },
    {
      title: 'REDIRECT',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i lan0 -p icmp -j REDIRECT --to-ports 8080
#                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^ no ports
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'ICMP to an address',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.5/32 -p icmp -j DNAT --to-destination 10.0.0.1
COMMIT
`,
    },
    {
      title: 'TCP to a port',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i wan0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.1:8080
COMMIT
`,
    },
    {
      title: 'UDP, by MASQUERADE',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan0 -p udp -j MASQUERADE --to-ports 1024-65535
COMMIT
`,
    },
  ],
  on: { rule: check },
});

function check(ref: RuleRef, { document }: LintContext): readonly Report[] {
  if (ref.table !== 'nat' || !hasTarget(ref, 'DNAT', 'SNAT', 'REDIRECT', 'MASQUERADE')) return [];
  const protocol = ref.rule.matches.map(({ options }) => options.protocol).find((given) => given !== undefined);
  const isIcmp = protocol?.value === PROTOCOL.icmp && !protocol.inverted;
  const { target } = ref.rule;
  const values = target.kind === 'target' ? Object.entries(target.options) : [];
  if (!isIcmp || !values.some(([name, { value }]) => name === 'to-ports' || hasPorts(value))) return [];
  return [
    {
      span: targetSpan(document, ref),
      message: `${nameOf(ref)} gives a port to ICMP packets, which have no ports: it becomes their id. Was -p tcp meant?`,
      related: [],
      fixes: [],
    },
  ];
}

function hasPorts(value: Json): boolean {
  return typeof value === 'object' && value !== null && 'ports' in value;
}
