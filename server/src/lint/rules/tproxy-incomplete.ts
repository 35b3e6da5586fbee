import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { optionOf, optionSpan, type RuleLine, reportAt, ruleLines } from '../rule-lines';

export const tproxyIncomplete = defineRule({
  code: 'tproxy-incomplete',
  title: 'TPROXY without the route to this host',
  severity: 'information',
  group: 'routing',
  proof: 'text',
  docs: {
    what: '`-j TPROXY` without `--tproxy-mark`, or with a mark that no routing rule of the host asks for.',
    why: paragraphs(
      "TPROXY finds the proxy's socket and marks the packet; that it comes to this host at all is for routing to",
      'do: `ip rule add fwmark 1 lookup 100` and `ip route add local default dev lo table 100`. Without them the',
      'packet is forwarded, or dropped, and the connection times out.',
    ),
    instead: 'Give the mark (`--tproxy-mark 0x1/0x1`), and add the routing rule and the local route.',
    suppress: 'Where another rule marks the packets.',
  },
  kernel: ['net/netfilter/xt_TPROXY.c:tproxy_tg4', 'Documentation/networking/tproxy.rst'],
  bad: [
    {
      title: 'No mark to route by',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j TPROXY --on-port 3129 --on-ip 0.0.0.0
#                                                ^^^^^^^^^^^^^^ --tproxy-mark
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'With its mark',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j TPROXY --on-port 3129 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1
COMMIT
`,
    },
    {
      title: 'Marked by another rule',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1/0xffffffff
-A PREROUTING -p tcp -m tcp --dport 80 -j TPROXY --on-port 3129 --on-ip 0.0.0.0
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document, hints }: LintContext): readonly Report[] {
  const lines = ruleLines(document);
  const isMarked = ['MARK', 'CONNMARK'].some((name) => lines.leadingTo(name).some(({ table }) => table === 'mangle'));
  return lines.leadingTo('TPROXY').flatMap((rule) => {
    const port = optionOf(rule.uses.target, 'on-port');
    if (port === undefined || isMarked) return [];
    const missing = missingFor(rule, hints.host.policy);
    return missing === undefined ? [] : [reportAt(document, rule, optionSpan(port), missing)];
  });
}

function missingFor({ uses }: RuleLine, policy: readonly string[] | undefined): string | undefined {
  const mark = optionOf(uses.target, 'tproxy-mark');
  if (mark === undefined)
    return 'without --tproxy-mark no routing rule can send the packet to this host: give it a mark.';
  if (policy === undefined || policy.some((rule) => /\bfwmark\b/.test(rule))) return undefined;
  return `no "ip rule" of the host asks for a fwmark: ${mark.words[0]?.value} sends the packet nowhere.`;
}
