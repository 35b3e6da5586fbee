import type { OptionPart } from '../../syntax/tree';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { conditionOf, optionSpan, type RuleLine, removeIn, reportAt, ruleLines } from '../rule-lines';

export const tcpmssOneDirection = defineRule({
  code: 'tcpmss-one-direction',
  title: 'An MSS that is clamped one way',
  severity: 'information',
  group: 'tcp',
  proof: 'text',
  docs: {
    what: '`TCPMSS` stands behind `-o IFACE` or `-i IFACE` alone, and no other rule clamps the other way.',
    why: paragraphs(
      'The option in a SYN limits what the *other* side sends. Clamped on the way out only, large packets come in',
      'as they should, and those that go out are still too big: uploads hang.',
    ),
    instead: 'Leave the interface out: a larger MSS than the path has helps nobody in either direction.',
    suppress: "Where the other side knows the path's MTU, as with PPPoE on this very host.",
  },
  kernel: ['net/netfilter/xt_TCPMSS.c:tcpmss_mangle_packet', 'RFC 879'],
  bad: [
    {
      title: 'Into the tunnel, not out of it',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A FORWARD -o tun0 -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
#          ^^^^^^^ one way
COMMIT
`,
      fixed: `*mangle
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
  good: [
    {
      title: 'Both ways',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A FORWARD -o tun0 -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
-A FORWARD -i tun0 -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
COMMIT
`,
    },
    {
      title: 'Whichever way',
      code: `*mangle
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

function check({ document }: LintContext): readonly Report[] {
  const rules = ruleLines(document).leadingTo('TCPMSS');
  return rules.flatMap((rule) => {
    const part = onlyInterface(rule);
    if (part === undefined || rules.some((other) => clampsTheOtherWay(other, part))) return [];
    const fix = {
      title: 'Clamp both ways',
      edits: [removeIn(document, rule.number, optionSpan(part))],
      safe: false,
      scope: { kind: 'nothing' } as const,
    };
    const message = `the MSS is clamped one way, and what the other side is told stays too large: leave out ${part.flag.value} ${part.words[0]?.value}.`;
    return [reportAt(document, rule, optionSpan(part), message, { fixes: [fix] })];
  });
}

function onlyInterface(rule: RuleLine): OptionPart | undefined {
  const [inside, outside] = [conditionOf(rule, 'in-interface'), conditionOf(rule, 'out-interface')];
  const only = inside && outside ? undefined : (inside ?? outside);
  return only?.bang ? undefined : only;
}

/** Names the same interface on the other side, or none. */
function clampsTheOtherWay(rule: RuleLine, { option, value }: OptionPart): boolean {
  const [inside, outside] = [conditionOf(rule, 'in-interface'), conditionOf(rule, 'out-interface')];
  const other = option === 'in-interface' ? outside : inside;
  return (inside === undefined && outside === undefined) || (other !== undefined && other.value === value);
}
