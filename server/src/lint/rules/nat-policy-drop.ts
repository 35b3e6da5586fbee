import { HOOKS } from '../../../../src-sim/netfilter/hook';
import { spanInDocument } from '../../analysis/document';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { policyOf } from '../outcomes';
import { policySpan } from '../places';

export const natPolicyDrop = defineRule({
  code: 'nat-policy-drop',
  title: 'The policy of a nat chain is DROP',
  severity: 'error',
  group: 'nat',
  proof: 'text',
  docs: {
    what: 'A built-in chain of the table `nat` has the policy DROP.',
    why: paragraphs(
      'The table `nat` is no place to filter: it sees the first packet of each flow, and while no rule needs conntrack, not',
      'even that. So the policy does nothing for long, and drops every new connection as soon as the first state match or',
      'NAT rule is added anywhere.',
    ),
    instead: '`ACCEPT`, and deny in the table `filter`.',
    suppress: 'Never.',
  },
  kernel: ['net/netfilter/nf_nat_core.c:nf_nat_inet_fn'],
  bad: [
    {
      title: 'A sleeper that MASQUERADE wakes',
      code: `*nat
:PREROUTING DROP [0:0]
#=== DROP
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
`,
      fixed: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
`,
    },
    {
      title: 'Every chain is shut, to be on the safe side',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT DROP [12:720]
#=== DROP
:POSTROUTING DROP [3:180]
#=== DROP
COMMIT
`,
    },
    {
      title: 'IPv6',
      family: 'ipv6',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING DROP [0:0]
#=== DROP
-A POSTROUTING -o eth0 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'All policies are ACCEPT',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
`,
    },
    {
      title: 'DROP stands in the table filter',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
COMMIT
`,
    },
    {
      title: 'No table nat',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
COMMIT
`,
    },
  ],
  on: { ruleset: (context) => HOOKS.flatMap((hook) => report(context, hook) ?? []) },
});

function report(context: LintContext, hook: (typeof HOOKS)[number]): Report | undefined {
  if (policyOf(context, 'nat', hook) !== 'DROP') return undefined;
  const span = policySpan(context.document, { table: 'nat', hook });
  if (span === undefined) return undefined;
  const word = policyWord(context, hook);
  const edits = word ? [{ span: word, text: 'ACCEPT' }] : [];
  return {
    span,
    message: `nat:${hook} has the policy DROP: as soon as conntrack runs, it drops the first packet of every flow. Set it to ACCEPT, and deny in the table filter.`,
    related: [],
    fixes: word ? [{ title: 'Set it to ACCEPT', edits, safe: true, scope: { kind: 'packets', of: {} } }] : [],
  };
}

/** Of the line `:POSTROUTING DROP [0:0]`. */
function policyWord({ document }: LintContext, hook: string) {
  let table: string | undefined;
  for (const [number, line] of document.tree.lines.entries()) {
    if (line.kind === 'table') table = line.name?.value;
    if (line.kind === 'chain' && table === 'nat' && line.name?.value === hook && line.policy?.value === 'DROP') {
      return spanInDocument(document, number, line.policy.span);
    }
  }
  return undefined;
}
