import type { Ruleset } from '../../../../src-sim/netfilter/ruleset';
import { findChain } from '../../analysis/find-chain';
import type { RuleRef } from '../../analysis/rule-packets';
import { chainSpan } from '../chain-lines';
import { callersOf, isMachineWritten, rulesOf } from '../dead-rules';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { ruleSpan } from '../places';

export const chainEmpty = defineRule({
  code: 'chain-empty',
  title: 'A jump to a chain without rules',
  severity: 'hint',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: 'A rule jumps to a chain of yours in which no rule stands; the first such jump to each chain is told.',
    why: paragraphs(
      'The packet comes back as it went. If the chain should deny something, nothing is denied. Chains that programs fill',
      '(fail2ban, Docker, Kubernetes, ufw), and those that say so by their name (`*-USER`, `*-custom`), are not told.',
    ),
    instead: 'Write the rules that are missing, or delete the chain and the jump.',
    suppress: 'Where a program fills the chain.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ipt_do_table'],
  bad: [
    {
      title: 'Nothing is in the list of those who are kept out',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:blocked - [0:0]
-A INPUT -j blocked
#=== jumps to blocked, in which no rule stands
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'fail2ban fills it',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:f2b-sshd - [0:0]
:local-custom - [0:0]
-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd
-A INPUT -j local-custom
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

/** Places that rules are to be put in. */
const TO_BE_FILLED =
  /user|custom|local|before|after|hook|ban|block(?:list)?[-_]|black|white|allow|deny|dynamic|docker/i;

function check({ document, ruleset }: LintContext): readonly Report[] {
  return ruleset.tables.flatMap(({ name: table }) =>
    [...callersOf(ruleset, table)].flatMap(([chain, [first]]): readonly Report[] => {
      if (first === undefined || !isEmpty(ruleset, first, chain)) return [];
      const declared = chainSpan(document, table, chain);
      return [
        {
          span: ruleSpan(document, first),
          message: `${nameOf(first)} jumps to ${chain}, in which no rule stands`,
          related: declared ? [{ span: declared, message: 'declared here' }] : [],
          fixes: [],
        },
      ];
    }),
  );
}

function isEmpty(ruleset: Ruleset, { table }: RuleRef, chain: string): boolean {
  const isThere = findChain(ruleset, table, chain) !== undefined;
  if (!isThere || TO_BE_FILLED.test(chain) || isMachineWritten({ chain })) return false;
  return rulesOf(ruleset, { table, chain }).length === 0;
}
