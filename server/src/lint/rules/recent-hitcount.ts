import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { listUses } from '../recent-lists';
import { optionOf, optionSpan, reportAt } from '../rule-lines';

export const recentHitcount = defineRule({
  code: 'recent-hitcount',
  title: 'More hits than a list can remember',
  severity: 'warning',
  group: 'limits',
  proof: 'text',
  docs: {
    what: '`--hitcount` beyond 255.',
    why: paragraphs(
      'How often an address was seen is remembered up to a bound, and the kernel refuses a rule that asks for more:',
      '65535 today, 255 before Linux 6.11, and `ip_pkt_list_tot` (20) before 3.19. On such a host the whole table',
      'is not loaded.',
    ),
    instead: 'Ask for fewer hits in a shorter time, or use `-m hashlimit`.',
    suppress: 'Where every host that loads the file runs a newer kernel.',
  },
  kernel: ['net/netfilter/xt_recent.c:recent_mt_check'],
  bad: [
    {
      title: 'A thousand in a minute',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m recent --set --name flood
-A INPUT -p udp -m recent --update --seconds 60 --hitcount 1000 --name flood -j DROP
#                                               ^^^^^^^^^^^^^^^ 255
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Four in a minute',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m recent --set --name ssh
-A INPUT -p tcp -m recent --update --seconds 60 --hitcount 4 --name ssh -j DROP
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

/** What every kernel since 3.19 takes. */
const MOST_HITS = 255;

function check({ document }: LintContext): readonly Report[] {
  return listUses(document).flatMap(({ rule, use }) => {
    const part = optionOf(use, 'hitcount');
    if (part === undefined || typeof part.value !== 'number' || part.value <= MOST_HITS) return [];
    const message = `older kernels remember ${MOST_HITS} hits at most, and refuse this rule with its whole table.`;
    return [reportAt(document, rule, optionSpan(part), message)];
  });
}
