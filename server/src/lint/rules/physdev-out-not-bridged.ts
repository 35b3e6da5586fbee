import { hooksOfChain } from '../../analysis/call-graph';
import type { Use } from '../../analysis/rule-uses';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { matchOf, optionOf, optionSpan, type RuleLine, replaceIn, reportAt, ruleLines } from '../rule-lines';

export const physdevOutNotBridged = defineRule({
  code: 'physdev-out-not-bridged',
  title: 'The port by which a routed packet leaves is not known',
  severity: 'warning',
  group: 'bridge',
  proof: 'text',
  docs: {
    what: paragraphs(
      '`--physdev-out` or `--physdev-is-out` without `--physdev-is-bridged` where routed packets pass too, or in',
      '`INPUT`, where no packet has a port to leave by.',
    ),
    why: paragraphs(
      'For a packet that is routed, or made on this host, the bridge chooses the port after iptables has seen it:',
      'the match never holds for these, and the rule takes bridged packets alone. In `INPUT` it never matches at',
      'all.',
    ),
    instead: paragraphs(
      'Add `--physdev-is-bridged`, so that the rule says what it does, and write another rule (`-o br0 -d ADDRESS`)',
      'for what is routed.',
    ),
    suppress: 'Hardly ever: with `--physdev-is-bridged` the rule does the same.',
  },
  kernel: ['net/netfilter/xt_physdev.c:physdev_mt', 'net/netfilter/xt_physdev.c:physdev_mt_check'],
  bad: [
    {
      title: 'What is routed to the machine passes by',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m physdev --physdev-out tap0 -j DROP
#                     ^^^^^^^^^^^^^^^^^^ is not known for packets that are routed
COMMIT
`,
      fixed: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m physdev --physdev-out tap0 --physdev-is-bridged -j DROP
COMMIT
`,
    },
    {
      title: 'In INPUT nothing leaves',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m physdev --physdev-is-out -j DROP
#                   ^^^^^^^^^^^^^^^^ never matches
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'For bridged packets',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m physdev --physdev-out tap0 --physdev-is-bridged -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The port by which it came in is always known',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m physdev --physdev-in tap0 -j DROP
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  return ruleLines(context.document)
    .matching('physdev')
    .flatMap((rule) => {
      const use = matchOf(rule, 'physdev');
      return use === undefined ? [] : reportUse(context, rule, use);
    });
}

function reportUse({ document }: LintContext, rule: RuleLine, use: Use): readonly Report[] {
  const out = optionOf(use, 'physdev-out', 'physdev-is-out');
  const bridged = optionOf(use, 'physdev-is-bridged');
  if (out === undefined || out.bang !== undefined || bridged !== undefined) return [];
  const hooks = hooksOfChain(document.tree, rule.table, rule.chain);
  if (hooks.length === 0) return [];
  const span = optionSpan(out);
  if (hooks.every((hook) => hook === 'INPUT' || hook === 'PREROUTING')) {
    const message = `${hooks.join(' and ')} sees packets that come in: none has a port to leave by, and the rule never matches.`;
    return [reportAt(document, rule, span, message)];
  }
  const fix = {
    title: 'Add --physdev-is-bridged',
    edits: [replaceIn(document, rule.number, { start: span.end, end: span.end }, ' --physdev-is-bridged')],
    safe: true,
  };
  const message = `${out.flag.value} is not known for packets that are routed: the rule takes bridged ones alone. Say so with --physdev-is-bridged, and write another rule for the routed ones.`;
  return [reportAt(document, rule, span, message, { fixes: [fix] })];
}
