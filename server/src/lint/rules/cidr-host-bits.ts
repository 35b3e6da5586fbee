import { maskAddress } from '../../../../src-sim/net/address';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { replaceIn, reportAt } from '../rule-lines';
import { networkText, writtenNetworks } from '../written-networks';

export const cidrHostBits = defineRule({
  code: 'cidr-host-bits',
  title: 'A network with bits of a host',
  severity: 'warning',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: '`-s` or `-d` names a network by the address of a host in it: `10.0.0.5/24`.',
    why: paragraphs(
      'iptables clears the bits that the mask leaves out: the rule is for all of 10.0.0.0/24, 254 hosts instead of',
      'the one that was written down. Whoever meant the host has opened the network.',
    ),
    instead: 'Write the host with `/32` (`/128`), or the network with its own address.',
    suppress: 'Where the network is meant and the address reminds of the router.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ip_packet_match'],
  bad: [
    {
      title: 'One administrator, or all his neighbours',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 10.0.0.5/24 -p tcp -m tcp --dport 22 -j ACCEPT
#           ^^^^^^^^^^^ 10.0.0.0/24
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 10.0.0.0/24 -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'In IPv6',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 2001:db8::5/64 -j ACCEPT
#           ^^^^^^^^^^^^^^ 2001:db8::/64
COMMIT
`,
      family: 'ipv6',
    },
  ],
  good: [
    {
      title: 'A network, a host, and a mask in long',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 10.0.0.0/24 -j ACCEPT
-A INPUT -s 10.0.0.5/32 -j ACCEPT
-A INPUT -s 10.1.0.0/255.255.0.0 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  return writtenNetworks(document)
    .filter(({ address, mask }) => maskAddress(address, mask) !== address && !isAny(mask))
    .map((written) => {
      const { rule, span, text, address } = written;
      const network = networkText(written);
      const host = `${address}/${address.includes(':') ? 128 : 32}`;
      const edit = (to: string) => [replaceIn(document, rule.number, span, to)];
      const fixes = [
        { title: `The network: ${network}`, edits: edit(network), safe: false, scope: { kind: 'nothing' } as const },
        { title: `The host: ${host}`, edits: edit(host), safe: false, scope: { kind: 'packets', of: {} } as const },
      ];
      const message = `${text} is all of ${network}: write that, or ${host} where the one host is meant.`;
      return reportAt(document, rule, span, message, { fixes });
    });
}

/** `any/0`: whatever stands before it. */
function isAny(mask: string): boolean {
  return mask === '0.0.0.0' || mask === '::';
}
