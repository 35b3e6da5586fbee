import { LOG } from '../../../../src-sim/xt/log';
import { type RuleRef, regionsOf } from '../../analysis/rule-packets';
import { callersOf, isMachineWritten } from '../dead-rules';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { ruleSpan } from '../places';

export const logUnlimited = defineRule({
  code: 'log-unlimited',
  title: 'A log without a limit',
  severity: 'hint',
  group: 'limits',
  proof: 'text',
  docs: {
    what: '`LOG` in INPUT or FORWARD of `filter` without a match that limits how often; nor has any jump that leads there one.',
    why: paragraphs(
      'Whoever can send packets that match can fill the disk and the journal with them, a line each, and make the rest of the log',
      'unreadable.',
    ),
    instead: 'Put `-m limit --limit 5/min` (or `-m hashlimit`, by sender) before `-j LOG`.',
    suppress: 'Where few packets can match, or the log is limited elsewhere.',
  },
  kernel: ['net/netfilter/xt_LOG.c:log_tg', 'net/netfilter/xt_limit.c:limit_mt'],
  bad: [
    {
      title: 'Every packet that is denied',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -j LOG --log-prefix "denied: "
#=== logs without a limit
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Five a minute, here and before the jump',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:log - [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -m limit --limit 5/min -j LOG --log-prefix "denied: "
-A FORWARD -m limit --limit 5/min -j log
-A OUTPUT -m owner --uid-owner 33 -j LOG
-A log -j LOG --log-prefix "not forwarded: "
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

/** The first of a chain is told, and how many others there are. */
function check(context: LintContext): readonly Report[] {
  const chains = context.ruleset.tables.find(({ name }) => name === 'filter')?.chains ?? [];
  return chains.flatMap(({ name: chain, rules }) => {
    const refs = rules.flatMap((rule, index): readonly RuleRef[] =>
      rule.target.kind === 'target' && rule.target.name === LOG.name
        ? [{ table: 'filter', chain, number: index + 1, rule }]
        : [],
    );
    const open = refs.filter((ref) => !isLimited(ref));
    const [first] = open;
    if (first === undefined || isMachineWritten(first) || !isUnlimitedWay(context, first, 0)) return [];
    const others = open.length === 1 ? '' : ` (as do ${open.length - 1} more in the chain)`;
    const message = `${nameOf(first)} logs without a limit${others}: whoever sends enough fills the disk. Put -m limit --limit 5/min before -j LOG`;
    return [{ span: ruleSpan(context.document, first), message, related: [], fixes: [] }];
  });
}

const DEEPEST = 20;

/** Whether packets come from INPUT or FORWARD by jumps none of which is limited. */
function isUnlimitedWay({ ruleset, ...context }: LintContext, { table, chain }: RuleRef, depth: number): boolean {
  if (chain === 'INPUT' || chain === 'FORWARD') return true;
  const callers = callersOf(ruleset, table).get(chain) ?? [];
  return (
    depth < DEEPEST &&
    callers.some((caller) => !isLimited(caller) && isUnlimitedWay({ ruleset, ...context }, caller, depth + 1))
  );
}

/** It has a match that takes only some of its packets. */
function isLimited({ rule }: RuleRef): boolean {
  return rule.matches.some((match) => !(regionsOf(match)?.every(({ exact }) => exact) ?? false));
}
