import {
  type AddressMask,
  familyOf,
  inNetwork,
  maskAddress,
  parseAddress,
  prefixMask,
} from '../../../../src-sim/net/address';
import { parseNetwork } from '../../analysis/hint-keys';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { conditionOf, matchOf, optionOf, optionSpan, type RuleLine, reportAt, ruleLines } from '../rule-lines';

export const macUseless = defineRule({
  code: 'mac-useless',
  title: 'A MAC address that only the last router has',
  severity: 'information',
  group: 'interface',
  proof: 'text',
  docs: {
    what: '`-m mac` beside a source address that no directly connected network holds, as the hints tell.',
    why: paragraphs(
      'The MAC address of a frame is that of its sender on this link: for everything that comes from behind a',
      "router it is the router's. The address of the far host is never seen here, and the router's says nothing",
      'about the far host.',
    ),
    instead: 'Match the address, or look at the MAC address on the link where the host stands.',
    suppress: 'Where the MAC address is that of the router, and it is the router that is meant.',
  },
  kernel: ['net/netfilter/xt_mac.c:mac_mt'],
  bad: [
    {
      title: 'A host of another site',
      code: `# chainwalk: interface=eth0 address=192.0.2.1/24
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 198.51.100.9/32 -m mac --mac-source 02:00:00:00:00:09 -j ACCEPT
#                                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ come from behind a router
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'A host of this link',
      code: `# chainwalk: interface=eth0 address=192.0.2.1/24
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 192.0.2.9/32 -m mac --mac-source 02:00:00:00:00:09 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Nobody says which networks are connected',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 198.51.100.9/32 -m mac --mac-source 02:00:00:00:00:09 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document, hints, ruleset }: LintContext): readonly Report[] {
  const connected = Object.values(hints.host.interfaces ?? {})
    .flatMap(({ addresses = [] }) => addresses.flatMap((text) => parseNetwork(text) ?? []))
    .filter(({ address }) => familyOf(address) === ruleset.family)
    .map(({ address, length }): AddressMask => {
      const mask = prefixMask(length, familyOf(address));
      return { address: maskAddress(address, mask), mask };
    });
  if (connected.length === 0) return [];
  return ruleLines(document)
    .matching('mac')
    .flatMap((rule) => {
      const part = optionOf(matchOf(rule, 'mac'), 'mac-source');
      const source = foreignSource(rule, connected);
      if (part === undefined || source === undefined) return [];
      const message = `${source} is in none of this host's networks: its packets come from behind a router, and the MAC address that is seen is the router's.`;
      return [reportAt(document, rule, optionSpan(part), message)];
    });
}

/** The source as it is written, where it is no connected network's. */
function foreignSource(rule: RuleLine, connected: readonly AddressMask[]): string | undefined {
  const part = conditionOf(rule, 'source');
  const text = part?.words[0]?.value ?? '';
  const address = parseAddress(text.split('/')[0] ?? '');
  if (part === undefined || part.bang || address === undefined) return undefined;
  return connected.some((network) => inNetwork(address, network)) ? undefined : text;
}
