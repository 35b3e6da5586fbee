import type { Rule } from '../../../../src-sim/netfilter/ruleset';
import { takesEveryPacket } from '../../analysis/rule-facts';
import type { RuleRef } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Fix } from '../finding';
import { moveBefore, ruleSpan } from '../places';

export const dockerUserAfterReturn = defineRule({
  code: 'docker-user-after-return',
  title: 'A rule that DOCKER-USER never comes to',
  severity: 'warning',
  group: 'docker-kubernetes',
  proof: 'text',
  docs: {
    what: 'A rule of `DOCKER-USER` stands below its unconditional `-j RETURN`.',
    why: paragraphs(
      'Docker ends the chain with `-j RETURN` when it makes it, and `iptables -A DOCKER-USER` appends behind that:',
      'the rule is there, and no packet comes to it. The published ports stay open.',
    ),
    instead: 'Insert rules instead (`-I DOCKER-USER`), above the RETURN.',
    suppress: 'Never: the rule does nothing.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ipt_do_table'],
  bad: [
    {
      title: 'Appended, as everywhere else',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A DOCKER-USER -j RETURN
-A DOCKER-USER -i wan0 -s 198.51.100.0/24 -j DROP
#=== RETURN
COMMIT
`,
      fixed: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A DOCKER-USER -i wan0 -s 198.51.100.0/24 -j DROP
-A DOCKER-USER -j RETURN
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Above the RETURN',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A DOCKER-USER -i wan0 -s 198.51.100.0/24 -j DROP
-A DOCKER-USER -j RETURN
COMMIT
`,
    },
    {
      title: 'A RETURN for some',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A DOCKER-USER -i lan0 -j RETURN
-A DOCKER-USER -i wan0 -j DROP
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

const CHAIN = 'DOCKER-USER';

function check(context: LintContext): readonly Report[] {
  const filter = context.ruleset.tables.find(({ name }) => name === 'filter');
  const chain = filter?.chains.find(({ name }) => name === CHAIN);
  const end = chain?.rules.findIndex(sendsAllBack) ?? -1;
  if (chain === undefined || end === -1) return [];
  const refs = chain.rules.map((rule, index): RuleRef => ({ table: 'filter', chain: CHAIN, number: index + 1, rule }));
  const last = refs[end];
  return last === undefined ? [] : refs.slice(end + 1).map((ref) => report(context, ref, last));
}

function sendsAllBack({ target, matches }: Rule): boolean {
  return target.kind === 'target' && target.name === 'RETURN' && takesEveryPacket(matches);
}

function report({ document }: LintContext, ref: RuleRef, last: RuleRef): Report {
  const edits = moveBefore(document, ref, last);
  const fix: Fix | undefined = edits && {
    title: 'Move it above',
    edits,
    safe: true,
    scope: { kind: 'packets', of: {} },
  };
  const message = `no packet comes here: ${nameOf(last)} sends them all back with RETURN. Put the rule above it.`;
  const related = [{ span: ruleSpan(document, last), message: 'sends them back' }];
  return { span: ruleSpan(document, ref), message, related, fixes: fix ? [fix] : [] };
}
