import type { RuleRef } from '../../analysis/rule-packets';
import { refOf } from '../arriving-packet';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Fix } from '../finding';
import { lateTcpmss } from '../late-tcpmss';
import { moveBefore, ruleSpan, targetSpan } from '../places';
import { type RuleLine, ruleLines } from '../rule-lines';

export const tcpmssAfterAccept = defineRule({
  code: 'tcpmss-after-accept',
  title: 'The MSS is never clamped',
  severity: 'warning',
  group: 'tcp',
  proof: 'packets',
  docs: {
    what: 'An earlier rule of the chain accepts the SYN that `TCPMSS` is for.',
    why: paragraphs(
      'ACCEPT ends the table. What a rule above accepts never comes to `TCPMSS`, and connections over the tighter',
      'link hang as soon as a large packet is sent.',
    ),
    instead: paragraphs(
      'Put the rule into `mangle:FORWARD`, which every forwarded packet passes, or above the rules that accept.',
    ),
    suppress: 'Where the connections that are accepted above need no clamping.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ipt_do_table', 'net/netfilter/xt_TCPMSS.c:tcpmss_tg4'],
  bad: [
    {
      title: 'Below what it should come before',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i lan0 -j ACCEPT
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
#                                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ accepts
COMMIT
`,
      fixed: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
-A FORWARD -i lan0 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Behind a jump to rules that accept, and to one that drops the rest',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:fwd - [0:0]
-A FORWARD -j fwd
-A FORWARD -o wg0 -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1380
#                                                       ^^^^^^^^^^^^^^^^^^^^^^^^ filter:fwd:2 (line 9) accepts
-A fwd -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A fwd -s 10.0.0.0/8 -j ACCEPT
-A fwd -j DROP
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Above the rules that accept',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
-A FORWARD -i lan0 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Behind what accepts no SYN',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o wan0 -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
-A FORWARD -i lan0 -o wan0 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'In a table of its own',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i lan0 -j ACCEPT
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

const MOST_RULES = 20;

function check(context: LintContext): readonly Report[] {
  const rules = ruleLines(context.document).leadingTo('TCPMSS').slice(0, MOST_RULES);
  return rules.flatMap((rule) => report(context, rule) ?? []);
}

function report(context: LintContext, line: RuleLine): Report | undefined {
  const ref = refOf(context, line);
  const late = ref && lateTcpmss(context, ref);
  if (ref === undefined || late === undefined) return undefined;
  const { above, witness } = late;
  const { document } = context;
  const message = `${nameOf(above)} accepts SYNs before they come here, and their MSS is never clamped: put the rule above, or into mangle:FORWARD.`;
  const related = [{ span: ruleSpan(document, above), message: 'accepts them' }];
  return { span: targetSpan(document, ref), message, related, fixes: fixesFor(context, ref, above), witness };
}

function fixesFor({ document }: LintContext, ref: RuleRef, above: RuleRef): readonly Fix[] {
  if (above.chain !== ref.chain) return [];
  const edits = moveBefore(document, ref, above);
  if (edits === undefined) return [];
  return [{ title: 'Move it above', edits, safe: false, scope: { kind: 'nothing' } }];
}
