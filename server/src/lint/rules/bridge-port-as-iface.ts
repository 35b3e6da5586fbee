import { hooksOfChain } from '../../analysis/call-graph';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { interfaceConditions } from '../interface-names';
import { reportAt, ruleLines, valueSpan } from '../rule-lines';

export const bridgePortAsIface = defineRule({
  code: 'bridge-port-as-iface',
  title: 'A port of a bridge in the place of the bridge',
  severity: 'warning',
  group: 'bridge',
  proof: 'text',
  docs: {
    what: paragraphs(
      '`-i` or `-o` names a port of a bridge in `INPUT` or `FORWARD` of the filter table. That it is a port is',
      'known from a rule with `--physdev-in` or `--physdev-out`, or from a hint.',
    ),
    why: paragraphs(
      'Whether a frame is bridged or routed, for iptables it comes in by the bridge: `-i br0`. The port that it',
      'really came by is known to `-m physdev` alone. A rule that names the port with `-i` matches nothing.',
    ),
    instead: 'Write `-m physdev --physdev-in PORT`, or `-i` with the bridge.',
    suppress: 'Where the interface is a port of the bridge at some times only.',
  },
  kernel: ['net/bridge/br_netfilter_hooks.c:br_nf_pre_routing', 'net/netfilter/xt_physdev.c:physdev_mt'],
  bad: [
    {
      title: 'The machine that is not shut out',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i vnet0 -j DROP
#             ^^^^^ a port of a bridge
-A FORWARD -m physdev --physdev-in vnet0 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The tap of a machine that is to be served',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i tap7 -j ACCEPT
#           ^^^^ a port of a bridge
-A FORWARD -m physdev --physdev-is-bridged --physdev-out tap7 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The bridge, and its port by physdev',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i br0 -m physdev --physdev-in vnet0 -j DROP
COMMIT
`,
    },
    {
      title: 'In raw the port is what it comes by (a zone for each port, as neutron writes it)',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i qvb1 -j CT --zone 1
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m physdev --physdev-in qvb1 --physdev-is-bridged -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A tap that no bridge has',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i tap0 -j ACCEPT
-A FORWARD -m physdev --physdev-in tap1 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const { document } = context;
  const ports = bridgePorts(context);
  if (ports.size === 0) return [];
  return interfaceConditions(document).flatMap(({ rule, part, name, inverted }) => {
    if (rule.table !== 'filter' || inverted || !ports.has(name)) return [];
    const hooks = hooksOfChain(document.tree, rule.table, rule.chain);
    if (!hooks.includes('INPUT') && !hooks.includes('FORWARD')) return [];
    const physdev = part.option === 'in-interface' ? '--physdev-in' : '--physdev-out';
    const message = `${name} is a port of a bridge, and iptables sees the bridge in its place: the rule never matches. Write -m physdev ${physdev} ${name}.`;
    return [reportAt(document, rule, valueSpan(part), message)];
  });
}

/** Whole names only: `vnet+` may take ports and others. */
function bridgePorts({ document, hints }: LintContext): ReadonlySet<string> {
  const known = Object.values(hints.host.interfaces ?? {}).flatMap(({ ports = [] }) => ports);
  const named = ruleLines(document)
    .matching('physdev')
    .flatMap(({ uses }) => uses.matches.filter(({ name }) => name === 'physdev'))
    .flatMap(({ parts }) => parts.map(({ value }) => value))
    .filter((value) => typeof value === 'string' && !value.endsWith('+'));
  return new Set([...known, ...named.map(String)]);
}
