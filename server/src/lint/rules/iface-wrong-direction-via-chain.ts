import { type Hook, isHook } from '../../../../src-sim/netfilter/hook';
import { hooksOfChain } from '../../analysis/call-graph';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { type InterfaceCondition, interfaceConditions } from '../interface-names';
import { optionSpan, reportAt } from '../rule-lines';

export const ifaceWrongDirectionViaChain = defineRule({
  code: 'iface-wrong-direction-via-chain',
  title: 'An interface that no packet has here',
  severity: 'warning',
  group: 'interface',
  proof: 'text',
  docs: {
    what: paragraphs(
      "A chain of one's own asks for the output interface, and only `INPUT` or `PREROUTING` lead to it; or for the",
      'input interface, and only `OUTPUT` does.',
    ),
    why: paragraphs(
      'iptables refuses `-o` in `INPUT` where it stands there in so many words, but takes it in any other chain. A',
      'packet that comes in has no output interface yet: `-o eth0` never matches, `! -o eth0` always does.',
      ' `-i` in a chain that `POSTROUTING` leads to does work for forwarded packets (Linux 5.5 and later).',
    ),
    instead: 'Ask for the interface that the packet has, or lead to the chain from another hook.',
    suppress: 'Where another ruleset leads to the chain from elsewhere.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ipt_do_table', 'net/ipv4/netfilter/ip_tables.c:ip_packet_match'],
  bad: [
    {
      title: 'A chain for what comes in',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:outer - [0:0]
-A INPUT -j outer
-A outer -o wan0 -p tcp -m tcp --dport 23 -j DROP
#        ^^^^^^^ has no output interface
COMMIT
`,
    },
    {
      title: 'A negation that holds for everything',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:mine - [0:0]
-A OUTPUT -j mine
-A mine ! -i lo -j DROP
#       ^^^^^^^ holds for every packet
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'FORWARD leads there too',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:outer - [0:0]
-A INPUT -j outer
-A FORWARD -j outer
-A outer -o wan0 -j DROP
COMMIT
`,
    },
    {
      title: 'POSTROUTING knows both interfaces of what is forwarded',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:hide - [0:0]
-A POSTROUTING -j hide
-A hide -i lan0 -o wan0 -j MASQUERADE
COMMIT
`,
    },
    {
      title: 'Nothing leads there',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:spare - [0:0]
-A spare -o wan0 -j DROP
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

const WITHOUT: Readonly<Record<string, { readonly side: string; readonly hooks: readonly Hook[] }>> = {
  'in-interface': { side: 'input', hooks: ['OUTPUT'] },
  'out-interface': { side: 'output', hooks: ['PREROUTING', 'INPUT'] },
};

function check({ document }: LintContext): readonly Report[] {
  return interfaceConditions(document).flatMap((condition) => {
    const { rule, part } = condition;
    const without = WITHOUT[part.option];
    if (without === undefined || condition.name === '+' || isHook(rule.chain)) return [];
    const hooks = hooksOfChain(document.tree, rule.table, rule.chain);
    if (hooks.length === 0 || !hooks.every((hook) => without.hooks.includes(hook))) return [];
    return [reportAt(document, rule, optionSpan(part), messageFor(condition, without.side, hooks))];
  });
}

function messageFor({ part, inverted, rule }: InterfaceCondition, side: string, hooks: readonly Hook[]): string {
  const fate = inverted ? 'the negation holds for every packet' : `${part.flag.value} never matches`;
  return `only ${hooks.join(' and ')} leads to chain "${rule.chain}", where a packet has no ${side} interface: ${fate}.`;
}
