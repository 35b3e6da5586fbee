import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { fateOfNameless, interfaceConditions } from '../interface-names';
import { replaceIn, reportAt, valueSpan } from '../rule-lines';

export const ifaceAlias = defineRule({
  code: 'iface-alias',
  title: 'An address label in the place of an interface',
  severity: 'warning',
  group: 'interface',
  proof: 'text',
  docs: {
    what: '`-i` or `-o` names something like `eth0:1`.',
    why: paragraphs(
      '`eth0:1` is the label of a second address of `eth0`, left over from the time of `ifconfig`: packets come in',
      'and leave by `eth0`, whatever the address. The kernel allows no `:` in the name of a device, so that the',
      'name is never found: the rule matches nothing, and with a `!` before it, everything.',
    ),
    instead: 'Name the device, and tell the address apart with `-d` (or `-s` on the way out).',
    suppress: 'Never: no device can have such a name.',
  },
  kernel: ['net/core/dev.c:dev_valid_name', 'net/ipv4/netfilter/ip_tables.c:ip_packet_match'],
  bad: [
    {
      title: 'A second address that nobody reaches',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i eth0:1 -p tcp -m tcp --dport 80 -j ACCEPT
#           ^^^^^^ the label of an address
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i eth0 -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A negation that spares nobody',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT ! -i eth0:0 -j DROP
#             ^^^^^^ holds for every packet
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The device, and the address',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -d 192.0.2.2/32 -i eth0 -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A VLAN is a device of its own',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i eth0.100 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  return interfaceConditions(document)
    .filter(({ name }) => name.includes(':'))
    .map(({ rule, part, name, inverted }) => {
      const device = name.slice(0, name.indexOf(':'));
      const span = valueSpan(part);
      const fix = {
        title: `Name the device: ${device}`,
        edits: [replaceIn(document, rule.number, span, device)],
        safe: false,
        scope: { kind: 'packets', of: {} } as const,
      };
      const message = `"${name}" is the label of an address, not a device: ${fateOfNameless(inverted)}. Write ${part.flag.value} ${device}, and the address with -d or -s.`;
      return reportAt(document, rule, span, message, { fixes: device === '' ? [] : [fix] });
    });
}
