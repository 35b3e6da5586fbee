import type { Rule } from '../../../../src-sim/netfilter/ruleset';
import { printRule } from '../../../../src-sim/xt/print-rule';
import type { RuleRef } from '../../analysis/rule-packets';
import { namesOf, placesOf } from '../dead-report';
import { deadRule } from '../dead-rules';
import { deadWitness } from '../dead-witness';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Fix } from '../finding';
import { isLogging } from '../logging-rules';
import { moveBefore, ruleSpan } from '../places';

export const logAfterTerminal = defineRule({
  code: 'log-after-terminal',
  title: 'What should be logged has been decided before',
  severity: 'warning',
  group: 'order',
  proof: 'packets',
  docs: {
    what: '`LOG` or `NFLOG` stands behind the rules that decide on all of its packets: it writes nothing.',
    why: paragraphs(
      '`LOG` lets the walk go on, `ACCEPT`, `DROP` and `REJECT` end it. So what logs must stand before what decides; behind it',
      'no packet is left, and the log says that nothing happens.',
    ),
    instead: 'Put the rule that logs before the one that decides.',
    suppress: 'Where the log is switched on by taking the rule before it out.',
  },
  kernel: ['net/netfilter/xt_LOG.c:log_tg', 'net/ipv4/netfilter/ip_tables.c:ipt_do_table'],
  bad: [
    {
      title: 'Dropped, then logged',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 192.0.2.1/32 -j DROP
-A INPUT -s 192.0.2.1/32 -j LOG --log-prefix "bad host: "
#=== filter:INPUT:1 (line 5) decides on all its packets before
COMMIT
`,
      fixed: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 192.0.2.1/32 -j LOG --log-prefix "bad host: "
-A INPUT -s 192.0.2.1/32 -j DROP
COMMIT
`,
    },
    {
      title: 'Several rules decide on what would be logged',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --syn -j ACCEPT
-A INPUT -p tcp -m tcp ! --syn -j DROP
-A INPUT -s 198.51.100.0/24 -p tcp -m tcp --dport 23 -j LOG
#=== filter:INPUT:1 (line 5) and filter:INPUT:2 (line 6) decide
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Logged, then dropped',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 192.0.2.1/32 -m limit --limit 3/min -j LOG
-A INPUT -s 192.0.2.1/32 -j DROP
COMMIT
`,
    },
    {
      title: 'The rest is logged before the policy drops it',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -m limit --limit 3/min -j LOG --log-prefix "denied: "
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  return context.ruleset.tables.flatMap(({ name: table, chains }) =>
    chains.flatMap(({ name: chain, rules }) => {
      const refs = rules.map((rule, index): RuleRef => ({ table, chain, number: index + 1, rule }));
      return reportsOf(context, refs.filter(isLogging));
    }),
  );
}

/** Of those that are too late for the same reason, the first of a chain is told, and how many others there are. */
function reportsOf(context: LintContext, refs: readonly RuleRef[]): readonly Report[] {
  const late = new Map<Rule | undefined, { readonly ref: RuleRef; readonly by: readonly RuleRef[]; count: number }>();
  for (const ref of refs) {
    const dead = deadRule(context, ref);
    if (dead?.kind !== 'shadowed' && dead?.kind !== 'behind-all') continue;
    const by = dead.kind === 'shadowed' ? dead.by : [dead.last];
    const known = late.get(by.at(-1)?.rule);
    if (known) known.count += 1;
    else late.set(by.at(-1)?.rule, { ref, by, count: 1 });
  }
  return [...late.values()].flatMap(({ ref, by, count }) => report(context, ref, by, count) ?? []);
}

function report(context: LintContext, ref: RuleRef, by: readonly RuleRef[], count: number): Report | undefined {
  const { document } = context;
  const reach = context.reachOf(ref);
  const witness = reach.kind === 'taken' ? deadWitness(context, ref, by, reach.sample) : undefined;
  if (witness === undefined) return undefined;
  const fix = swap(context, ref, by);
  const others = count === 1 ? '' : `, nor do ${count - 1} more in the chain`;
  return {
    span: ruleSpan(document, ref),
    message: `${nameOf(ref)} logs nothing${others}: ${namesOf(by)} ${by.length === 1 ? 'decides' : 'decide'} on all its packets before. Move it up`,
    related: placesOf(document, by, 'decides on the packets'),
    fixes: fix ? [fix] : [],
    witness,
  };
}

/** Neighbours with the same conditions change places: every packet fares as before. */
function swap({ document, ruleset }: LintContext, ref: RuleRef, by: readonly RuleRef[]): Fix | undefined {
  const [before] = by;
  if (before === undefined || by.length > 1 || before.chain !== ref.chain || before.number !== ref.number - 1) return;
  const edits = moveBefore(document, ref, before);
  const conditions = (one: RuleRef) => printRule({ ...one.rule, target: { kind: 'none' } }, ruleset.family);
  const safe = conditions(before) === conditions(ref);
  return edits && { title: `Move it before ${nameOf(before)}`, edits, safe, scope: { kind: 'nothing' } };
}
