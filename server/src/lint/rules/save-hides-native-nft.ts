import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { lineSpan } from '../places';

export const saveHidesNativeNft = defineRule({
  code: 'save-hides-native-nft',
  title: 'Tables of nft that the dump does not show',
  severity: 'warning',
  group: 'deprecated',
  proof: 'text',
  docs: {
    what: paragraphs(
      "The file says that a table of the host could not be printed: ``# Table `filter' contains incompatible",
      'base-chains``.',
    ),
    why: paragraphs(
      'On that host nftables holds rules that iptables cannot show, or shows without what it does not know: a',
      'native rule for a set of addresses comes out as one for every address. Whoever restores the dump loses some',
      'rules, and widens others.',
    ),
    instead: 'Keep such rules with `nft list ruleset`.',
    suppress: 'Where the rules of nft are kept elsewhere.',
  },
  kernel: ['iptables: iptables/nft.c:nft_is_table_compatible'],
  bad: [
    {
      title: 'What is missing?',
      code: `# Table \`filter' contains incompatible base-chains, use 'nft' tool to list them.
#=== nft list ruleset
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'A whole dump',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

const INCOMPLETE = /^# Table [`'"]\S+ (?:contains incompatible base-chains|is incompatible), use 'nft' tool/;

function check({ document }: LintContext): readonly Report[] {
  const line = document.tree.lines.findIndex(({ kind, text }) => kind === 'comment' && INCOMPLETE.test(text));
  if (line === -1) return [];
  const message =
    'the dump lacks rules that nftables holds, and may show others too wide: keep them with nft list ruleset.';
  return [{ span: lineSpan(document, line), message, related: [], fixes: [] }];
}
