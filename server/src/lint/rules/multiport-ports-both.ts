import { callGraph } from '../../analysis/call-graph';
import { refOf } from '../arriving-packet';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import {
  conditionOf,
  matchOf,
  optionOf,
  type RuleLine,
  replaceIn,
  reportAt,
  ruleLines,
  targetName,
} from '../rule-lines';
import { statesAskedBy } from '../state-words';

export const multiportPortsBoth = defineRule({
  code: 'multiport-ports-both',
  title: '--ports lets in whoever sends from the port',
  severity: 'information',
  group: 'order',
  proof: 'text',
  docs: {
    what: 'A rule of `filter` accepts by `-m multiport --ports` in INPUT or FORWARD: by either end of the packet.',
    why: paragraphs(
      '`--ports 22,80` takes a packet whose destination port **or source port** is one of them. Anybody can send from port 80,',
      'to any port of yours.',
    ),
    instead: 'Write `--dports`, and accept the answers by ESTABLISHED.',
    suppress: 'Where both ends are meant, between hosts that the rule names.',
  },
  kernel: ['net/netfilter/xt_multiport.c:ports_match_v1'],
  bad: [
    {
      title: 'Two services, and every port besides',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m multiport --ports 22,80 -j ACCEPT
#                            ^^^^^^^ whoever sends from one of these ports reaches every port
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m multiport --dports 22,80 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Destination ports, what is dropped, and what is established',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m multiport --ports 137,138 -j DROP
-A INPUT -p tcp -m multiport --ports 80,443 -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A INPUT -s 192.0.2.7/32 -p tcp -m multiport --ports 5060,5061 -j ACCEPT
-A INPUT -p tcp -m multiport --dports 22,80 -j ACCEPT
-A OUTPUT -p tcp -m multiport --ports 22,80 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  if (!hasPorts(context)) return [];
  return ruleLines(context.document)
    .matching('multiport')
    .flatMap((rule) => report(context, rule) ?? []);
}

function report(context: LintContext, rule: RuleLine): Report | undefined {
  const { document } = context;
  const part = optionOf(matchOf(rule, 'multiport'), 'ports');
  if (part === undefined || part.bang || rule.table !== 'filter' || targetName(rule) !== 'ACCEPT') return undefined;
  if (isOfLoopback(rule) || saysWho(rule) || !isForArriving(context, rule) || !letsBegin(context, rule))
    return undefined;
  const edit = replaceIn(document, rule.number, part.flag.span, '--dports');
  const message =
    'whoever sends from one of these ports reaches every port: --ports takes either end. Write --dports, and accept the answers by ESTABLISHED';
  const fix = { title: 'Ask for the destination port', edits: [edit], safe: false };
  return reportAt(document, rule, part.flag.span, message, { fixes: [{ ...fix, scope: { kind: 'packets', of: {} } }] });
}

/** The longest networks that are still "everybody" to their members. */
const LONGEST = 24;

/** One host, or few: these are known. */
function saysWho(rule: RuleLine): boolean {
  const source = conditionOf(rule, 'source');
  const text = source?.words[0]?.value ?? '';
  const [, length] = /\/(\d+)$/.exec(text) ?? [];
  return source !== undefined && source.bang === undefined && (length === undefined || Number(length) >= LONGEST);
}

function isOfLoopback(rule: RuleLine): boolean {
  return conditionOf(rule, 'in-interface')?.value === 'lo';
}

function isForArriving({ ruleset }: LintContext, { table: name, chain }: RuleLine): boolean {
  const table = ruleset.tables.find((one) => one.name === name);
  const hooks = table && callGraph(table).hooksOf(chain);
  return hooks !== undefined && (hooks.has('INPUT') || hooks.has('FORWARD'));
}

function letsBegin(context: LintContext, rule: RuleLine): boolean {
  const ref = refOf(context, rule);
  return ref !== undefined && (statesAskedBy(ref.rule)?.includes('NEW') ?? true);
}

/** Asked of the rules as they are loaded: their lines are not read for nothing. */
function hasPorts({ ruleset }: LintContext): boolean {
  const chains = ruleset.tables.find(({ name }) => name === 'filter')?.chains ?? [];
  return chains.some(({ rules }) => rules.some(({ matches }) => matches.some(({ options }) => options.ports)));
}
