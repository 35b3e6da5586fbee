import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { fateOfNameless, interfaceConditions } from '../interface-names';
import { replaceIn, reportAt, valueSpan } from '../rule-lines';

export const ifaceGlob = defineRule({
  code: 'iface-glob',
  title: 'A shell pattern in the place of an interface',
  severity: 'warning',
  group: 'interface',
  proof: 'text',
  docs: {
    what: '`-i` or `-o` has a `*`, `?` or `[…]`.',
    why: paragraphs(
      'iptables knows one wildcard only, a `+` at the end of the name. `eth*` is compared letter by letter with the',
      'devices, and none is called so: the rule matches nothing, and with a `!` before it, everything.',
    ),
    instead: 'Write `eth+` for every device whose name begins with `eth`.',
    suppress: 'Where a device is really called so: the kernel allows it.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ip_packet_match'],
  bad: [
    {
      title: 'Every Ethernet device, as a shell would write it',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i eth* -p udp -m udp --dport 67 -j ACCEPT
#           ^^^^ eth+
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i eth+ -p udp -m udp --dport 67 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'One digit, whichever',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD ! -o ppp? -j DROP
#               ^^^^ holds for every packet
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The wildcard of iptables',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i eth+ -j ACCEPT
-A INPUT -i tun+ -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  return interfaceConditions(document)
    .filter(({ name }) => /[*?[\]]/.test(name))
    .map(({ rule, part, name, inverted }) => {
      const span = valueSpan(part);
      const [, stem] = /^([^*?[\]+]+)\*$/.exec(name) ?? [];
      const fix =
        stem === undefined
          ? undefined
          : {
              title: `Write ${stem}+`,
              edits: [replaceIn(document, rule.number, span, `${stem}+`)],
              safe: false,
              scope: { kind: 'packets', of: {} } as const,
            };
      const advice = stem === undefined ? 'the only wildcard is a "+" at the end' : `write ${stem}+`;
      const message = `no device is called "${name}": ${fateOfNameless(inverted)}; ${advice}.`;
      return reportAt(document, rule, span, message, { fixes: [fix] });
    });
}
