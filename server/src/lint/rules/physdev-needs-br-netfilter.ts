import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { reportAt, ruleLines, wholeRuleSpan } from '../rule-lines';
import { numberOf, sysctlsOf } from '../sysctl-beside';

export const physdevNeedsBrNetfilter = defineRule({
  code: 'physdev-needs-br-netfilter',
  title: 'Bridged packets are not shown to iptables',
  severity: 'information',
  group: 'bridge',
  proof: 'text',
  docs: {
    what: paragraphs(
      'A rule looks at the ports of a bridge, and the sysctl beside it says `net.bridge.bridge-nf-call-iptables =',
      '0` (`-ip6tables` for IPv6).',
    ),
    why: paragraphs(
      'Frames that are bridged go past iptables unless `br_netfilter` hands them over: with that setting at 0 no',
      'rule with `-m physdev` ever matches a bridged packet, and machines behind one bridge reach each other',
      'unfiltered.',
    ),
    instead: paragraphs(
      'Set `net.bridge.bridge-nf-call-iptables = 1` (and load `br_netfilter` before), or filter on the bridge',
      "itself, with nftables' family `bridge` or ebtables.",
    ),
    suppress: 'Where another file turns it on.',
  },
  kernel: ['net/bridge/br_netfilter_hooks.c:br_nf_pre_routing'],
  bad: [
    {
      title: 'A wall that bridged packets pass by',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m physdev --physdev-is-bridged --physdev-in tap1 -j DROP
#=== bridge-nf-call-iptables is 0
COMMIT
`,
      beside: { sysctl: 'net.bridge.bridge-nf-call-iptables = 0\n' },
    },
  ],
  good: [
    {
      title: 'It is on',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m physdev --physdev-is-bridged --physdev-in tap1 -j DROP
COMMIT
`,
      beside: { sysctl: 'net.bridge.bridge-nf-call-iptables = 1\n' },
    },
    {
      title: 'Nobody says',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m physdev --physdev-is-bridged --physdev-in tap1 -j DROP
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const [first] = ruleLines(context.document).matching('physdev');
  if (first === undefined) return [];
  const name = context.ruleset.family === 'ipv4' ? 'bridge-nf-call-iptables' : 'bridge-nf-call-ip6tables';
  if (numberOf(sysctlsOf(context), `net.bridge.${name}`) !== 0) return [];
  const message = `net.bridge.${name} is 0: bridged packets go past iptables, and no rule with -m physdev matches them.`;
  return [reportAt(context.document, first, wholeRuleSpan(first), message)];
}
