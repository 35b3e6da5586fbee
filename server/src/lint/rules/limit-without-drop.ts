import type { Document } from '../../analysis/document';
import type { Use } from '../../analysis/rule-uses';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import type { Fix } from '../finding';
import { floodOf, hashLimitedRules, limitedRules } from '../flood';
import { matchOf, optionSpan, type RuleLine, removeIn, replaceIn, reportAt, targetName, useSpan } from '../rule-lines';

export const limitWithoutDrop = defineRule({
  code: 'limit-without-drop',
  title: 'What is beyond the limit is accepted too',
  severity: 'warning',
  group: 'limits',
  proof: 'text',
  docs: {
    what: paragraphs(
      '`-m limit`, or `hashlimit --hashlimit-upto`, in a rule that accepts, and what it does not take is accepted by a',
      'later rule, or by the policy.',
    ),
    why: paragraphs(
      'A limit only decides which rule takes the packet. Unless a later one drops what is beyond it, everything is',
      'accepted, and the limit does nothing.',
    ),
    instead: 'Drop behind it what it did not take.',
    suppress: 'Where the rule is there to count.',
  },
  kernel: ['net/netfilter/xt_limit.c:limit_mt'],
  bad: [
    {
      title: 'The policy accepts the rest',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p icmp -m limit --limit 1/sec -j ACCEPT
#                         ^^^^^^^^^^^^^ accepted all the same
COMMIT
`,
      fixed: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p icmp -m limit --limit 1/sec -j ACCEPT
-A INPUT -p icmp -j DROP
COMMIT
`,
    },
    {
      title: 'So does a rule further down',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m limit --limit 3/min -j ACCEPT
#                                          ^^^^^^^^^^^^^ accepted all the same
-A INPUT -p tcp -m multiport --dports 22,80,443 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A limit for each client, and a rule that has none',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp --dport 22 -m hashlimit --hashlimit-upto 3/min --hashlimit-mode srcip --hashlimit-name ssh -j ACCEPT
#                                       ^^^^^^^^^^^^^^^^^^^^^^ accepted all the same
-A INPUT -p tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The rest is dropped',
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
      title: 'By the policy',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p icmp -m limit --limit 1/sec -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A limit for the log',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p icmp -m limit --limit 1/sec -j LOG
COMMIT
`,
    },
    {
      title: 'Whom an earlier chain lets in is not limited',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:allowed - [0:0]
-A INPUT -j allowed
-A INPUT -p icmp -m icmp --icmp-type 8 -m limit --limit 1/sec -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 8 -j DROP
-A allowed -s 198.51.100.7/32 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const { document } = context;
  return [...limitedRules(context), ...hashLimitedRules(context)].flatMap((rule) => {
    const use = limitOf(rule);
    const flood = targetName(rule) === 'ACCEPT' ? floodOf(context, rule, 'flows') : undefined;
    if (use === undefined || flood?.isLastAccepted !== true || flood.isLastWithin || !flood.isFirstAccepted) return [];
    const [limit] = use.parts;
    const span = limit ? optionSpan(limit) : useSpan(use);
    const message =
      'what is beyond the limit is accepted all the same, further down or by the policy: drop it behind this rule.';
    const report = reportAt(document, rule, span, message, { fixes: [dropTheRest(document, rule)] });
    return [{ ...report, witness: flood.witness }];
  });
}

function limitOf(rule: RuleLine): Use | undefined {
  return matchOf(rule, 'limit') ?? matchOf(rule, 'hashlimit');
}

/** The same rule without its limit, dropping. */
function dropTheRest(document: Document, rule: RuleLine): Fix | undefined {
  const use = limitOf(rule);
  const name = rule.uses.target?.loader.name;
  if (use === undefined || name === undefined || rule.line.command !== 'append') return undefined;
  const cut = removeIn(document, rule.number, useSpan(use)).span;
  const start = document.lineStarts[rule.number] ?? 0;
  const text = rule.line.text.trimEnd();
  const from = cut.start - start;
  const until = cut.end - start;
  const twin = `${text.slice(0, from)}${text.slice(until, name.span.start)}DROP${text.slice(name.span.end)}`;
  const at = { start: text.length, end: text.length };
  return {
    title: 'Drop what is beyond the limit',
    edits: [replaceIn(document, rule.number, at, `\n${twin}`)],
    safe: false,
    scope: { kind: 'packets', of: {} },
  };
}
