import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { fateOfNameless, interfaceConditions } from '../interface-names';
import { reportAt, valueSpan } from '../rule-lines';

export const ifaceInnerPlus = defineRule({
  code: 'iface-inner-plus',
  title: 'A wildcard that does not stand at the end',
  severity: 'warning',
  group: 'interface',
  proof: 'text',
  docs: {
    what: '`-i` or `-o` has a `+` before its last letter: `e+0`, `eth+.100`.',
    why: paragraphs(
      'Only a `+` at the very end stands for any rest of the name; elsewhere it is a letter like others. No device',
      'is called so: the rule matches nothing, and with a `!` before it, everything.',
    ),
    instead: 'Write the names, one rule for each, or a name with a `+` at its end.',
    suppress: 'Where a device is really called so: the kernel allows it.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ip_packet_match'],
  bad: [
    {
      title: 'VLAN 100 of every device',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i eth+.100 -j ACCEPT
#             ^^^^^^^^ only at the end
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'At the end it is one',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i eth0.+ -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  return interfaceConditions(document)
    .filter(({ name }) => /\+[^+]/.test(name) && !name.includes(','))
    .map(({ rule, part, name, inverted }) => {
      const message = `a "+" is a wildcard only at the end, and no device is called "${name}": ${fateOfNameless(inverted)}.`;
      return reportAt(document, rule, valueSpan(part), message);
    });
}
