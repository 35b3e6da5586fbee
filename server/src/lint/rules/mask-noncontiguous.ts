import { prefixLength } from '../../../../src-sim/net/address';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { reportAt } from '../rule-lines';
import { writtenNetworks } from '../written-networks';

export const maskNoncontiguous = defineRule({
  code: 'mask-noncontiguous',
  title: 'A mask with holes',
  severity: 'information',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: 'The mask of `-s` or `-d` has a 0 before a 1: `255.0.255.0`.',
    why: paragraphs(
      'It is allowed, and compares the bits that it has; most often it is a slip of the finger, and the rule is for',
      'other hosts than it seems.',
    ),
    instead: 'Write a prefix length.',
    suppress: 'Where the addresses are laid out that way: `10.0.7.0/255.0.255.0`, rack 7 of every site.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ip_packet_match'],
  bad: [
    {
      title: 'A slip',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 10.0.0.0/255.0.255.0 -j ACCEPT
#           ^^^^^^^^^^^^^^^^^^^^ holes
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Masks without',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 10.0.0.0/255.255.0.0 -j ACCEPT
-A INPUT -s 192.0.2.0/24 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  return writtenNetworks(document)
    .filter(({ mask }) => prefixLength(mask) === undefined)
    .map(({ rule, span, mask }) => {
      const message = `the mask ${mask} has holes: the rule compares the bits that are 1 in it, wherever they stand.`;
      return reportAt(document, rule, span, message);
    });
}
