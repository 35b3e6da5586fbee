import type { OptionPart } from '../../syntax/tree';
import { refOf } from '../arriving-packet';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { pathsTo } from '../jump-path';
import { conditionOf, optionSpan, type RuleLine, removeIn, reportAt, ruleLines, wholeRuleSpan } from '../rule-lines';

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
    {
      title: 'In a chain for what comes out of the tunnel',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:mss - [0:0]
-A FORWARD -i tun0 -j mss
-A mss -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1300
#=== leave out -i tun0
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
      title: 'A chain for both ways',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:mss - [0:0]
-A FORWARD -i tun0 -j mss
-A FORWARD -o tun0 -j mss
-A mss -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1300
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

/** Whose SYNs a rule sees: by its own words, and by those of the jumps that lead to it. */
interface Clamp {
  readonly rule: RuleLine;
  readonly inside: OptionPart | undefined;
  readonly outside: OptionPart | undefined;
}

function check(context: LintContext): readonly Report[] {
  const { document } = context;
  const clamps = ruleLines(document)
    .leadingTo('TCPMSS')
    .flatMap((rule) => clampsOf(context, rule));
  const told = new Set<RuleLine>();
  return clamps.flatMap((clamp) => {
    const { rule } = clamp;
    const part = onlyInterface(clamp);
    if (part === undefined || told.has(rule) || clamps.some((other) => clampsTheOtherWay(other, part))) return [];
    told.add(rule);
    const isOwn = rule.uses.builtin?.parts.includes(part);
    const fix = isOwn && {
      title: 'Clamp both ways',
      edits: [removeIn(document, rule.number, optionSpan(part))],
      safe: false,
      scope: { kind: 'nothing' } as const,
    };
    const message = `the MSS is clamped one way, and what the other side is told stays too large: leave out ${part.flag.value} ${part.words[0]?.value}.`;
    const span = isOwn ? optionSpan(part) : wholeRuleSpan(rule);
    return [reportAt(document, rule, span, message, { fixes: fix ? [fix] : [] })];
  });
}

/** One for each way that leads to the rule. */
function clampsOf(context: LintContext, rule: RuleLine): readonly Clamp[] {
  const ref = refOf(context, rule);
  const paths = ref ? pathsTo(context.ruleset, ref) : [];
  return paths.map((path): Clamp => {
    const lines = path.flatMap((step) => ruleLines(context.document).on(step.rule.line) ?? []);
    const named = (option: string) => lines.map((line) => conditionOf(line, option)).find((part) => part !== undefined);
    return { rule, inside: named('in-interface'), outside: named('out-interface') };
  });
}

function onlyInterface({ inside, outside }: Clamp): OptionPart | undefined {
  const only = inside && outside ? undefined : (inside ?? outside);
  return only?.bang ? undefined : only;
}

/** Names the same interface on the other side, or none. */
function clampsTheOtherWay({ inside, outside }: Clamp, { option, value }: OptionPart): boolean {
  const other = option === 'in-interface' ? outside : inside;
  return (inside === undefined && outside === undefined) || (other !== undefined && other.value === value);
}
