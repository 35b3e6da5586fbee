import type { Document } from '../../analysis/document';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import type { Fix } from '../finding';
import { fateOfNameless, type InterfaceCondition, interfaceConditions } from '../interface-names';
import { replaceLine, reportAt, valueSpan } from '../rule-lines';

export const ifaceList = defineRule({
  code: 'iface-list',
  title: 'Several interfaces in one condition',
  severity: 'warning',
  group: 'interface',
  proof: 'text',
  docs: {
    what: '`-i` or `-o` has a list with commas.',
    why: paragraphs(
      'Addresses may be listed, interfaces may not: `eth0,eth1` is taken for the name of one device. The rule',
      'matches nothing, and with a `!` before it, everything.',
    ),
    instead: 'Write one rule for each device, or a name with a `+` at its end where they begin alike.',
    suppress: 'Where a device is really called so: the kernel allows it.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ip_packet_match'],
  bad: [
    {
      title: 'Two inner networks',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i lan0,lan1 -o wan0 -j ACCEPT
#             ^^^^^^^^^ one rule for each
COMMIT
`,
      fixed: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i lan0 -o wan0 -j ACCEPT
-A FORWARD -i lan1 -o wan0 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'None of two',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT ! -i lo,lan0 -j DROP
#             ^^^^^^^ holds for every packet
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'One rule for each',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i lan0 -j ACCEPT
-A FORWARD -i lan1 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Addresses may be listed',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 192.0.2.1,192.0.2.2 -i lan0 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  return interfaceConditions(document)
    .filter(({ name }) => name.includes(','))
    .map((condition) => {
      const { rule, part, name, inverted } = condition;
      const message = `"${name}" is taken for the name of one device: ${fateOfNameless(inverted)}. Write one rule for each.`;
      return reportAt(document, rule, valueSpan(part), message, { fixes: [oneForEach(document, condition)] });
    });
}

/** Not for a negation: "none of two" are two rules that depend on each other. */
function oneForEach(document: Document, { rule, part, name, inverted }: InterfaceCondition): Fix | undefined {
  const names = name.split(',').filter((one) => one !== '');
  if (inverted || names.length < 2 || rule.line.command !== 'append') return undefined;
  const { start, end } = valueSpan(part);
  const text = rule.line.text.trimEnd();
  const lines = names.map((one) => `${text.slice(0, start)}${one}${text.slice(end)}`);
  return {
    title: 'Write one rule for each',
    edits: [replaceLine(document, rule.number, lines)],
    safe: false,
    scope: { kind: 'packets', of: {} },
  };
}
