import { hasValidFlags } from '../../../../src-sim/conntrack/tcp-states';
import type { Json } from '../../../../src-sim/netfilter/ruleset';
import { refOf } from '../arriving-packet';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { pathsTo } from '../jump-path';
import {
  matchOf,
  optionOf,
  optionSpan,
  placeOf,
  type RuleLine,
  removeLine,
  reportAt,
  ruleLines,
  targetName,
} from '../rule-lines';
import { hasUntracking } from '../untracked-flows';

export const tcpFlagDropsRedundant = defineRule({
  code: 'tcp-flag-drops-redundant',
  title: 'Odd flags are INVALID already',
  severity: 'hint',
  group: 'tcp',
  proof: 'text',
  docs: {
    what: 'A rule drops TCP segments with flags that no connection has, below one that drops INVALID.',
    why: paragraphs(
      'Conntrack takes a segment with no flags, with all of them, with SYN and FIN, or with FIN alone for INVALID.',
      'Behind a rule that drops those, rules against "Xmas" and "null" scans never match.',
    ),
    instead: 'Delete them, or put them before conntrack, into `raw`, where they spare it work.',
    suppress: 'Where their counters are wanted.',
  },
  kernel: ['net/netfilter/nf_conntrack_proto_tcp.c:tcp_error'],
  bad: [
    {
      title: 'A null scan, and an Xmas tree',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -p tcp -m tcp --tcp-flags ALL NONE -j DROP
#                      ^^^^^^^^^^^^^^^^^^^^ INVALID already
-A INPUT -p tcp -m tcp --tcp-flags SYN,FIN SYN,FIN -j DROP
#                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^ INVALID already
COMMIT
`,
      fixed: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
COMMIT
`,
    },
    {
      title: 'In a chain that is asked behind the drop',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:badflags - [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -p tcp -j badflags
-A badflags -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE -j DROP
#                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ INVALID already
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Above it they count',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --tcp-flags ALL NONE -j DROP
-A INPUT -m conntrack --ctstate INVALID -j DROP
COMMIT
`,
    },
    {
      title: 'A SYN is not INVALID',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j DROP
COMMIT
`,
    },
    {
      title: 'What is not tracked is not INVALID',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j NOTRACK
-A OUTPUT -p tcp -m tcp --sport 80 -j NOTRACK
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -p tcp -m tcp --tcp-flags ALL NONE -j DROP
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

const FLAG_SETS = 64;

function check(context: LintContext): readonly Report[] {
  const { document, ruleset } = context;
  const lines = ruleLines(document);
  const suspects = lines.asking('tcp-flags').filter(isOddFlagDrop);
  if (suspects.length === 0 || hasUntracking(ruleset)) return [];
  const drops = [...lines.matching('conntrack'), ...lines.matching('state')].filter(dropsInvalid);
  return suspects.flatMap((rule) => {
    const above = dropAbove(context, rule, drops);
    const part = optionOf(matchOf(rule, 'tcp'), 'tcp-flags');
    if (above === undefined || part === undefined) return [];
    const fix = {
      title: 'Delete the rule',
      edits: [removeLine(document, rule.number)],
      safe: false,
      scope: { kind: 'nothing' } as const,
    };
    const message = `segments with such flags are INVALID already, and ${placeOf(above)} drops them.`;
    return [reportAt(document, rule, optionSpan(part), message, { fixes: [fix] })];
  });
}

/** In its own chain, or in one that jumps there: on every way that leads to the rule. */
function dropAbove(context: LintContext, rule: RuleLine, drops: readonly RuleLine[]): RuleLine | undefined {
  const ref = refOf(context, rule);
  const paths = ref ? pathsTo(context.ruleset, ref) : [];
  const found = paths.map((path) =>
    path
      .map((step) =>
        drops.find(({ table, chain, number }) => {
          return table === step.table && chain === step.chain && number < step.rule.line;
        }),
      )
      .find((drop) => drop !== undefined),
  );
  return found.includes(undefined) ? undefined : found[0];
}

function isOddFlagDrop(rule: RuleLine): boolean {
  const part = optionOf(matchOf(rule, 'tcp'), 'tcp-flags');
  const isFiltering = rule.table === 'filter' || rule.table === 'mangle';
  return isFiltering && targetName(rule) === 'DROP' && part !== undefined && !part.bang && isNeverValid(part.value);
}

/** Whether conntrack finds every combination of flags that the test takes odd. */
function isNeverValid(test: Json | undefined): boolean {
  if (typeof test !== 'object' || test === null || !('mask' in test) || !('value' in test)) return false;
  const { mask, value } = test;
  if (typeof mask !== 'number' || typeof value !== 'number') return false;
  const taken = Array.from({ length: FLAG_SETS }, (_, flags) => flags).filter((flags) => (flags & mask) === value);
  return taken.length > 0 && !taken.some(hasValidFlags);
}

/** All of them: another condition beside the state would leave some. */
function dropsInvalid(rule: RuleLine): boolean {
  const { builtin, matches } = rule.uses;
  const states = matches.flatMap(({ parts }) => parts);
  const [only] = states;
  return (
    targetName(rule) === 'DROP' &&
    builtin === undefined &&
    states.length === 1 &&
    only?.bang === undefined &&
    Array.isArray(only?.value) &&
    only.value.includes('INVALID')
  );
}
