import type { RuleRef } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { ruleSpan } from '../places';
import { numberOf, sysctlsOf } from '../sysctl-beside';

export const lvsNatNeedsVsConntrack = defineRule({
  code: 'lvs-nat-needs-vs-conntrack',
  title: 'IPVS traffic is not translated while net.ipv4.vs.conntrack is 0',
  severity: 'information',
  group: 'lvs',
  proof: 'text',
  docs: {
    what: 'A rule of the table `nat` is for what IPVS handles, and nothing says that `net.ipv4.vs.conntrack` is 1.',
    why: paragraphs(
      'By default IPVS takes its packets out of conntrack before it sends them on: they are UNTRACKED in `OUTPUT` and',
      '`POSTROUTING`, no nat table sees them, and no state is known of them.',
    ),
    instead: '`sysctl -w net.ipv4.vs.conntrack=1`, and the setting in a sysctl file beside the rules.',
    suppress: 'Where the setting is made elsewhere (kube-proxy in IPVS mode does it by itself).',
  },
  kernel: ['include/net/ip_vs.h:ip_vs_notrack', 'Documentation/networking/ipvs-sysctl.rst'],
  bad: [
    {
      title: 'The source for the real servers',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -m ipvs --vaddr 203.0.113.10/32 -j MASQUERADE
#=== net.ipv4.vs.conntrack
COMMIT
`,
    },
    {
      title: 'The setting is 0',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -m ipvs --ipvs -j SNAT --to-source 10.0.0.1
#=== net.ipv4.vs.conntrack
COMMIT
`,
      beside: { sysctl: 'net.ipv4.vs.conntrack = 0\n' },
    },
    {
      title: 'In a chain',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:lvs - [0:0]
-A POSTROUTING -o eth1 -j lvs
-A lvs -m ipvs --vproto 6 --vport 443 -j MASQUERADE
#=== net.ipv4.vs.conntrack
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The setting is 1',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -m ipvs --vaddr 203.0.113.10/32 -j MASQUERADE
COMMIT
`,
      beside: { sysctl: 'net.ipv4.ip_forward = 1\nnet.ipv4.vs.conntrack = 1\n' },
    },
    {
      title: 'A filter rule asks for IPVS',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m ipvs --ipvs -j ACCEPT
COMMIT
`,
    },
    {
      title: 'NAT for other traffic',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.0.0.0/24 -o eth0 -j MASQUERADE
COMMIT
`,
    },
  ],
  on: { rule: check },
});

function check(ref: RuleRef, context: LintContext): readonly Report[] {
  if (ref.table !== 'nat' || !ref.rule.matches.some(({ name }) => name === 'ipvs')) return [];
  const value = numberOf(sysctlsOf(context), 'net.ipv4.vs.conntrack');
  if (value === 1) return [];
  return [
    {
      span: ruleSpan(context.document, ref),
      message: [
        `${nameOf(ref)} sees IPVS traffic only while net.ipv4.vs.conntrack is 1;`,
        `${value === 0 ? 'it is set to 0' : 'the default is 0'}, and IPVS takes its packets out of conntrack.`,
      ].join(' '),
      related: [],
      fixes: [],
    },
  ];
}
