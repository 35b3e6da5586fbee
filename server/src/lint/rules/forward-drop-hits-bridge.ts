import { interfacesLike } from '../../analysis/packet-space';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { type InterfaceCondition, interfaceConditions } from '../interface-names';
import { outcomesOf } from '../outcomes';
import { reportAt, valueSpan } from '../rule-lines';
import { numberOf, sysctlsOf } from '../sysctl-beside';

export const forwardDropHitsBridge = defineRule({
  code: 'forward-drop-hits-bridge',
  title: 'What stays on one bridge is denied too',
  severity: 'information',
  group: 'bridge',
  proof: 'text',
  docs: {
    what: paragraphs(
      '`FORWARD` denies what nobody accepts, rules name a bridge, and nothing accepts what comes in and leaves by',
      'that same bridge.',
    ),
    why: paragraphs(
      'With `br_netfilter` at work, frames from one machine to another on the same bridge pass `FORWARD` with `-i',
      'br0 -o br0`. Nobody thinks of them as forwarded; denied there, the machines lose each other.',
    ),
    instead: paragraphs(
      'Accept `-i br0 -o br0`, or keep bridged frames away from iptables: `net.bridge.bridge-nf-call-iptables = 0`.',
    ),
    suppress: 'Where machines on the bridge are not to reach each other, or `br_netfilter` is not loaded.',
  },
  kernel: ['net/bridge/br_netfilter_hooks.c:br_nf_forward_ip'],
  bad: [
    {
      title: 'Two machines on br0',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i br0 -o wan0 -j ACCEPT
#             ^^^ -i br0 -o br0
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The bridge may talk to itself',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i br0 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'So may bridged packets of every bridge',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m physdev --physdev-is-bridged -j ACCEPT
-A FORWARD -i br0 -o wan0 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Bridged packets do not come here',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i br0 -o wan0 -j ACCEPT
COMMIT
`,
      beside: { sysctl: 'net.bridge.bridge-nf-call-iptables = 0\n' },
    },
  ],
  on: { ruleset: check },
});

/** As distributions, libvirt, Docker, LXD, Proxmox and CNI plug-ins call their bridges. */
const BRIDGE = /^(?:br|virbr|docker|lxcbr|lxdbr|xenbr|vmbr|cni)-?[\da-z]*$/;

function check(context: LintContext): readonly Report[] {
  const bridges = namedBridges(context);
  if (bridges.size === 0 || isOff(context)) return [];
  return [...bridges].flatMap(([name, { rule, part }]) => {
    if (!isDenied(context, name)) return [];
    const message = `nothing accepts -i ${name} -o ${name}: where br_netfilter is at work, machines on this bridge cannot reach each other.`;
    return [reportAt(context.document, rule, valueSpan(part), message)];
  });
}

/** Where the name first stands, in rules that lead from the bridge to elsewhere, or the other way. */
function namedBridges({ document }: LintContext): ReadonlyMap<string, InterfaceCondition> {
  const found = new Map<string, InterfaceCondition>();
  for (const condition of interfaceConditions(document)) {
    const { rule, name, inverted } = condition;
    if (rule.table !== 'filter' || rule.chain !== 'FORWARD' || inverted || !BRIDGE.test(name)) continue;
    if (!found.has(name)) found.set(name, condition);
  }
  return found;
}

function isOff(context: LintContext): boolean {
  const sysctl = context.ruleset.family === 'ipv4' ? 'bridge-nf-call-iptables' : 'bridge-nf-call-ip6tables';
  return numberOf(sysctlsOf(context), `net.bridge.${sysctl}`) === 0;
}

/** All of it, and for sure: a rule that might take some of it may be the one that is meant for it. */
function isDenied(context: LintContext, name: string): boolean {
  const device = interfacesLike(context.walker().space, name);
  const outcomes = outcomesOf(context, 'FORWARD', { in: device, out: device }, 'NEW') ?? [];
  return (
    outcomes.length > 0 &&
    outcomes.every(({ certain, verdict }) => certain && (verdict === 'drop' || verdict === 'reject'))
  );
}
