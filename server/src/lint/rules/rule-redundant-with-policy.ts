import { effectOf, type RuleRef } from '../../analysis/rule-packets';
import { rulesOf } from '../dead-rules';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { removeRule, ruleSpan } from '../places';

export const ruleRedundantWithPolicy = defineRule({
  code: 'rule-redundant-with-policy',
  title: 'The policy says the same',
  severity: 'hint',
  group: 'hygiene',
  proof: 'text',
  offByDefault: true,
  docs: {
    what: paragraphs(
      'The last rules of a built-in chain give the verdict that the policy gives anyway. Off by default: such rules are often',
      'there to be read, or for their counters.',
    ),
    why: 'They are asked, and nothing depends on the answer.',
    instead: 'Delete them, or keep them for their counters.',
    suppress: 'Where they are documentation.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ipt_do_table'],
  bad: [
    {
      title: 'Dropped, as everything else',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 23 -j DROP
#=== drops what the policy drops anyway
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'A rule between, and a rejection, which answers',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 23 -j DROP
-A INPUT -p tcp -j ACCEPT
-A INPUT -j REJECT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

const VERDICT = { ACCEPT: 'accept', DROP: 'drop' } as const;

function check(context: LintContext): readonly Report[] {
  const { document, ruleset } = context;
  return ruleset.tables.flatMap(({ name: table, chains }) =>
    chains.flatMap(({ name: chain, policy }) => {
      if (policy === undefined) return [];
      const rules = rulesOf(ruleset, { table, chain });
      const other = rules.map(({ target }) => effectOf(target)?.kind === VERDICT[policy]).lastIndexOf(false);
      return rules.slice(other + 1).map((rule, index): Report => {
        const ref: RuleRef = { table, chain, number: other + 2 + index, rule };
        const edits = removeRule(document, ruleset, ref);
        const verb = VERDICT[policy];
        return {
          span: ruleSpan(document, ref),
          message: `${nameOf(ref)} ${verb}s what the policy ${verb}s anyway`,
          related: [],
          fixes: edits ? [{ title: 'Delete this rule', edits, safe: false, scope: { kind: 'nothing' } }] : [],
        };
      });
    }),
  );
}
