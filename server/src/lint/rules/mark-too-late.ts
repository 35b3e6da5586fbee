import { hooksOfChain } from '../../analysis/call-graph';
import type { OptionPart } from '../../syntax/tree';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { bitsSetBy, markTests } from '../marks';
import { optionSpan, type RuleLine, reportAt, ruleLines } from '../rule-lines';

export const markTooLate = defineRule({
  code: 'mark-too-late',
  title: 'A mark that comes after the route',
  severity: 'warning',
  group: 'routing',
  proof: 'text',
  docs: {
    what: paragraphs(
      '`-j MARK` for a mark that a routing rule asks for (`ip rule … fwmark`), where the route has been chosen',
      'already.',
    ),
    why: paragraphs(
      'The route is chosen between `PREROUTING` and `INPUT` or `FORWARD`; what this host sends is routed once more',
      'behind `mangle:OUTPUT`, and behind no other table. A mark from `FORWARD`, `INPUT` or `POSTROUTING`, or from',
      '`OUTPUT` of `raw` or `filter`, steers nothing.',
      " That a routing rule asks for the mark is known from the host's `policy` or from a comment with `fwmark`.",
      'Without that, a mark from `OUTPUT` outside `mangle` that nothing reads is an information.',
    ),
    instead: 'Mark in `mangle:PREROUTING` what is forwarded, in `mangle:OUTPUT` what this host sends.',
    suppress: 'Where `tc` or another table reads the mark.',
  },
  kernel: ['net/ipv4/netfilter/iptable_mangle.c:ipt_mangle_out', 'net/ipv4/route.c:ip_route_me_harder'],
  bad: [
    {
      title: 'Mail should leave by another way',
      code: `# ip rule add fwmark 9 lookup 100
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A OUTPUT -p tcp -m tcp --dport 25 -j MARK --set-xmark 0x9/0xffffffff
#                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^ mangle:OUTPUT
COMMIT
`,
    },
    {
      title: 'Forwarded packets have their route',
      code: `# ip rule add fwmark 0x2/0xff lookup vpn
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A FORWARD -i lan0 -j MARK --set-xmark 0x2/0xff
#                          ^^^^^^^^^^^^^^^^^^^^ mangle:PREROUTING
COMMIT
`,
    },
    {
      title: 'Nobody says who reads it',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A OUTPUT -p tcp -m tcp --dport 25 -j MARK --set-xmark 0x9/0xffffffff
#                                          ^^^^^^^^^^^^^^^^^^^^^^^^^^ mangle:OUTPUT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'In time',
      code: `# ip rule add fwmark 9 lookup 100
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i lan0 -j MARK --set-xmark 0x9/0xffffffff
-A OUTPUT -p tcp -m tcp --dport 25 -j MARK --set-xmark 0x9/0xffffffff
COMMIT
`,
    },
    {
      title: 'For tc',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan0 -p udp -j MARK --set-xmark 0x5/0xffffffff
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const { document } = context;
  const rules = ruleLines(document).leadingTo('MARK');
  if (rules.length === 0) return [];
  const steering = routingMarks(context);
  const isRead = markTests(document).length > 0 || ruleLines(document).leadingTo('CONNMARK').length > 0;
  return rules.flatMap((rule) => {
    const bits = bitsSetBy(rule);
    const hooks = bits === undefined ? [] : lateHooks(context, rule);
    const [part] = rule.uses.target?.parts ?? [];
    if (bits === undefined || bits === 0 || part === undefined || hooks.length === 0) return [];
    if (steering.has(bits)) return [report(context, rule, part, hooks)];
    const isOddPlace = hooks.includes('OUTPUT') && !isRead && steering.size === 0;
    return isOddPlace ? [{ ...report(context, rule, part, hooks), severity: 'information' as const }] : [];
  });
}

function report({ document }: LintContext, rule: RuleLine, part: OptionPart, hooks: readonly string[]): Report {
  const place = hooks.includes('OUTPUT') ? 'mangle:OUTPUT' : 'mangle:PREROUTING';
  const message = `the route is chosen before ${rule.table}:${hooks.join(', ')}, and this mark does not change it: set it in ${place}.`;
  return reportAt(document, rule, optionSpan(part), message);
}

/** The hooks that lead to the rule, where none of them comes before a routing decision. */
function lateHooks({ document }: LintContext, { table, chain }: RuleLine): readonly string[] {
  const hooks = hooksOfChain(document.tree, table, chain);
  const isEarly = hooks.some((hook) => hook === 'PREROUTING' || (hook === 'OUTPUT' && table === 'mangle'));
  return isEarly || table === 'nat' ? [] : hooks;
}

/** What `ip rule` asks for, as the host's hints or comments of the file tell. */
function routingMarks({ document, hints }: LintContext): ReadonlySet<number> {
  const comments = document.tree.lines.filter(({ kind }) => kind === 'comment').map(({ text }) => text);
  const texts = [...(hints.host.policy ?? []), ...comments];
  const marks = texts.flatMap((text) =>
    [...text.matchAll(/\bfwmark\s+(0x[\da-f]+|\d+)/gi)].map(([, mark]) => Number(mark)),
  );
  return new Set(marks);
}
