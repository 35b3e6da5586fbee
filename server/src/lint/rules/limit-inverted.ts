import type { Span } from '../../syntax/tree';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { floodOf, limitedRules } from '../flood';
import { matchOf, optionSpan, type RuleLine, reportAt, targetName } from '../rule-lines';

export const limitInverted = defineRule({
  code: 'limit-inverted',
  title: 'A limit that drops what it should spare',
  severity: 'warning',
  group: 'limits',
  proof: 'text',
  docs: {
    what: '`-m limit` in a rule that drops or rejects, and what is beyond the limit is accepted.',
    why: paragraphs(
      '`limit` matches packets *within* the rate. A rule with it that drops takes the first few packets and lets',
      'the flood behind them through: the opposite of what is wanted. The match has no negation.',
    ),
    instead: paragraphs(
      'Accept within the limit and drop the rest by another rule, or drop with `-m hashlimit --hashlimit-above`.',
    ),
    suppress: 'Where it is meant: a fault injected in tests.',
  },
  kernel: ['net/netfilter/xt_limit.c:limit_mt'],
  bad: [
    {
      title: 'Five pings are lost, the flood is not',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p icmp -m limit --limit 1/sec -j DROP
#                         ^^^^^^^^^^^^^ beyond it is accepted
COMMIT
`,
    },
    {
      title: 'A chain of its own makes no difference',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:flood - [0:0]
-A INPUT -p tcp -m tcp --tcp-flags SYN,RST,ACK SYN -j flood
-A flood -m limit --limit 10/sec --limit-burst 20 -j REJECT
#                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ beyond it is accepted
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Within the limit, and the rest',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p icmp -m limit --limit 1/sec -j ACCEPT
-A INPUT -p icmp -j DROP
COMMIT
`,
    },
    {
      title: 'What is beyond is rejected more quietly, right behind',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m limit --limit 1/sec -j REJECT
-A INPUT -p tcp -j DROP
COMMIT
`,
    },
    {
      title: 'By a hash limit with "above"',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m hashlimit --hashlimit-above 50/sec --hashlimit-mode srcip --hashlimit-name udp -j DROP
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

const DENYING: ReadonlySet<string | undefined> = new Set(['DROP', 'REJECT']);

function check(context: LintContext): readonly Report[] {
  return limitedRules(context).flatMap((rule) => {
    const flood = DENYING.has(targetName(rule)) ? floodOf(context, rule, 'flows') : undefined;
    if (flood === undefined || flood.isFirstAccepted || !flood.isLastAccepted) return [];
    const message = `the rule takes packets within the limit: the first few are denied, and what is beyond it is accepted. Accept within the limit, and deny the rest by another rule.`;
    return [{ ...reportAt(context.document, rule, limitSpan(rule), message), witness: flood.witness }];
  });
}

function limitSpan(rule: RuleLine): Span {
  const use = matchOf(rule, 'limit');
  const spans = (use?.parts ?? []).map(optionSpan);
  const name = use?.loader?.name?.span;
  const all = spans.length > 0 ? spans : name ? [name] : [rule.line.flag.span];
  return { start: Math.min(...all.map(({ start }) => start)), end: Math.max(...all.map(({ end }) => end)) };
}
