import type { Document } from '../../analysis/document';
import type { OptionPart } from '../../syntax/tree';
import { defineRule, type LintContext, type Report } from '../define';
import { conditionOf, optionSpan, type RuleLine, removeIn, reportAt, ruleLines } from '../rule-lines';

export const anyAddress = defineRule({
  code: 'any-address',
  title: 'An address that says nothing',
  severity: 'hint',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: '`-s 0.0.0.0/0` or `-d ::/0`: every address.',
    why: 'The condition holds for every packet, and iptables-save does not print it.',
    instead: 'Leave it out.',
    suppress: 'Where it reads better with it.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ip_packet_match'],
  bad: [
    {
      title: 'From anywhere',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 0.0.0.0/0 -p tcp -m tcp --dport 80 -j ACCEPT
#        ^^^^^^^^^^^^ every address
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'From one network',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 192.0.2.0/24 -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  return withAddresses(document).flatMap((rule) =>
    emptyConditions(rule).map((part) => {
      const span = optionSpan(part);
      const edits = [removeIn(document, rule.number, span)];
      const fixes = [{ title: 'Leave it out', edits, safe: false, scope: { kind: 'nothing' } as const }];
      return reportAt(document, rule, span, `"${part.words[0]?.value}" is every address: leave it out.`, { fixes });
    }),
  );
}

/** Those that might name every address. */
function withAddresses(document: Document): readonly RuleLine[] {
  const lines = ruleLines(document);
  const rules = new Set([...lines.conditioned('source'), ...lines.conditioned('destination')]);
  return [...rules].filter(({ line }) => /\/0|0\.0\.0\.0/.test(line.text));
}

function emptyConditions(rule: RuleLine): readonly OptionPart[] {
  return [conditionOf(rule, 'source'), conditionOf(rule, 'destination')].flatMap((part) => {
    if (part === undefined || part.bang || part.value === undefined) return [];
    return part.declaration.type.omitted?.(part.value, false) ? [part] : [];
  });
}
