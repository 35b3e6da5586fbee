import { PROTOCOL } from '../../../../src-sim/net/protocol';
import { isHook } from '../../../../src-sim/netfilter/hook';
import type { Rule } from '../../../../src-sim/netfilter/ruleset';
import { effectOf, type RuleRef, regionsOf } from '../../analysis/rule-packets';
import { rulesOf } from '../dead-rules';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { isLogging } from '../logging-rules';
import { moveBefore, ruleSpan } from '../places';
import { statesAskedBy } from '../state-words';

const MOST_RULES_BEFORE = 10;

export const establishedAcceptLate = defineRule({
  code: 'established-accept-late',
  title: 'Every packet walks past many rules before ESTABLISHED',
  severity: 'hint',
  group: 'order',
  proof: 'text',
  docs: {
    what: paragraphs(
      `In INPUT or FORWARD the rule that accepts ESTABLISHED stands below more than ${MOST_RULES_BEFORE} others, or below a log or a limit`,
      'that the same packets meet. Lists of senders that are denied may stand above it.',
    ),
    why: paragraphs(
      'Nearly all packets belong to connections that exist. Each of them is asked by every rule above; a log above writes a',
      'line for each, and a limit above is used up by them.',
    ),
    instead: 'Put the rule first, behind `-i lo`.',
    suppress: 'Where the rules above are meant for running connections too.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ipt_do_table'],
  bad: [
    {
      title: 'Each packet is logged',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -j LOG
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
#=== stands below filter:INPUT:1 (line 5), which sees every packet of running connections
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -j LOG
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Near the beginning, and a log of what begins',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m conntrack --ctstate NEW -j LOG
-A INPUT -s 192.0.2.0/24 -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  return context.ruleset.tables
    .filter(({ name }) => name === 'filter')
    .flatMap(({ chains }) => chains.filter(({ name }) => isHook(name) && name !== 'OUTPUT'))
    .flatMap(({ name }) => report(context, name) ?? []);
}

function report({ document, ruleset }: LintContext, chain: string): Report | undefined {
  const rules = rulesOf(ruleset, { table: 'filter', chain });
  const index = rules.findIndex(acceptsEstablished);
  const rule = rules[index];
  if (rule === undefined) return undefined;
  const refOf = (one: Rule, at: number): RuleRef => ({ table: 'filter', chain, number: at + 1, rule: one });
  const before = rules.slice(0, index);
  const spoilt = before.findIndex(
    (one) => meetsEstablished(one) && !isOfIcmp(one) && (isLogging({ rule: one }) || isMeter(one)),
  );
  const asked = before.filter((one) => !isListed(one));
  if (spoilt === -1 && asked.length <= MOST_RULES_BEFORE) return undefined;
  const ref = refOf(rule, index);
  const first = refOf(rules[0] ?? rule, 0);
  const spoiler = before[spoilt];
  const reason = spoiler
    ? `stands below ${nameOf(refOf(spoiler, spoilt))}, which sees every packet of running connections`
    : `stands below ${asked.length} rules, which every packet of a running connection walks past`;
  const edits = moveBefore(document, ref, first);
  const safe = before.every((one) => effectOf(one.target)?.kind === 'accept' && !isMeter(one));
  return {
    span: ruleSpan(document, ref),
    message: `${nameOf(ref)} ${reason}. Move it to the beginning`,
    related: [],
    fixes: edits
      ? [
          {
            title: `Move it before ${nameOf(first)}`,
            edits,
            safe,
            scope: safe ? { kind: 'nothing' } : { kind: 'packets', of: { states: ['ESTABLISHED', 'RELATED'] } },
          },
        ]
      : [],
  };
}

/** By its state, and at most by its interface. */
function acceptsEstablished(rule: Rule): boolean {
  if (effectOf(rule.target)?.kind !== 'accept' || !statesAskedBy(rule)?.includes('ESTABLISHED')) return false;
  const conditions = rule.matches.flatMap((match) => regionsOf(match) ?? []).flatMap((region) => region.conditions);
  return conditions.every(({ kind }) => kind === 'state' || kind === 'interface');
}

function meetsEstablished(rule: Rule): boolean {
  const isOfLoopback = rule.matches.some(({ options }) => options['in-interface']?.value === 'lo');
  return !isOfLoopback && (statesAskedBy(rule)?.includes('ESTABLISHED') ?? true);
}

/** A limit for pings belongs above: below, a flood within one flow would pass as ESTABLISHED. */
function isOfIcmp({ matches }: Rule): boolean {
  return matches.some(
    ({ options: { protocol } }) => protocol !== undefined && !protocol.inverted && ICMP.has(protocol.value),
  );
}

const ICMP: ReadonlySet<unknown> = new Set([PROTOCOL.icmp, PROTOCOL.icmpv6]);

const METERS: ReadonlySet<string> = new Set(['limit', 'hashlimit', 'recent', 'quota']);

/** It counts what it sees, and stops matching after so many. */
function isMeter({ matches }: Rule): boolean {
  return matches.some(({ name }) => METERS.has(name));
}

/** A sender that is denied, or a jump to a list of such. */
function isListed({ matches, target }: Rule): boolean {
  const kind = effectOf(target)?.kind;
  return (kind === 'drop' || kind === 'reject') && matches.some(({ options }) => options.source !== undefined);
}
