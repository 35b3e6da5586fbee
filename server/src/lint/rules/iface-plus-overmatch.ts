import { defineRule, type LintContext, type Report } from '../define';
import { interfaceConditions } from '../interface-names';
import { reportAt, valueSpan } from '../rule-lines';

export const ifacePlusOvermatch = defineRule({
  code: 'iface-plus-overmatch',
  title: 'A wildcard behind a number',
  severity: 'hint',
  group: 'interface',
  proof: 'text',
  docs: {
    what: '`-i` or `-o` is a name with a number and a `+` behind it: `eth1+`.',
    why: '`eth1+` are all devices whose name begins with `eth1`: `eth1`, but `eth10` and `eth100` too.',
    instead: 'Write `eth1` for the one, `eth1.+` for its VLANs, `eth+` for all.',
    suppress: 'Where the devices with longer numbers are meant too.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ip_packet_match'],
  bad: [
    {
      title: 'The second device, and the eleventh',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i eth1+ -j ACCEPT
#             ^^^^^ eth10 too
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The device, and its VLANs',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i eth1 -j ACCEPT
-A FORWARD -i eth1.+ -j ACCEPT
-A FORWARD -i tun+ -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  return interfaceConditions(document)
    .filter(({ name }) => /^[^:,*?]*[a-z]\d+\+$/i.test(name))
    .map(({ rule, part, name }) => {
      const stem = name.slice(0, -1);
      const message = `"${name}" is every device whose name begins with ${stem}, ${stem}0 too; for the VLANs of ${stem} write ${stem}.+`;
      return reportAt(document, rule, valueSpan(part), message);
    });
}
