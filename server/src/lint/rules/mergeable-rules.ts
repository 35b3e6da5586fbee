import type { Rule } from '../../../../src-sim/netfilter/ruleset';
import type { RuleRef } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Fix } from '../finding';
import { ruleSpan } from '../places';
import { lineOf, matchOf, optionOf, type RuleLine, removeLine, replaceIn, useSpan, valueSpan } from '../rule-lines';

export const mergeableRules = defineRule({
  code: 'mergeable-rules',
  title: 'Neighbours that differ in the port alone',
  severity: 'hint',
  group: 'hygiene',
  proof: 'text',
  docs: {
    what: 'Rules one below the other say the same but for the destination port, and one of `multiport` would do.',
    why: paragraphs(
      'A list is easier to read, to change and to compare than as many rules, and the kernel asks once. A list has 15 places,',
      'of which a range takes two.',
    ),
    instead: 'Write `-m multiport --dports 80,443`.',
    suppress: 'Where each port is counted by its own rule.',
  },
  kernel: ['include/uapi/linux/netfilter/xt_multiport.h:XT_MULTI_PORTS'],
  bad: [
    {
      title: 'A web server',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
#=== this and filter:INPUT:2 (line 6) differ in the port alone
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
-A INPUT -p udp -m udp --dport 443 -j ACCEPT
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
-A INPUT -p udp -m udp --dport 443 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Other protocols, other targets, and comments that say what each is for',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 53 -j ACCEPT
-A INPUT -p udp -m udp --dport 53 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m comment --comment ssh -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -m comment --comment web -j ACCEPT
-A INPUT -p tcp -m tcp --dport 23 -j DROP
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

/** @kernel include/uapi/linux/netfilter/xt_multiport.h */
const MOST_PLACES = 15;
const PROTOCOLS: ReadonlySet<string> = new Set(['tcp', 'udp']);

function check(context: LintContext): readonly Report[] {
  const { ruleset } = context;
  return ruleset.tables.flatMap(({ name: table, chains }) =>
    chains.flatMap(({ name: chain, rules }) =>
      runsOf(rules).flatMap(({ start, length }) => {
        const refs = rules
          .slice(start, start + length)
          .map((rule, index): RuleRef => ({ table, chain, number: start + index + 1, rule }));
        return report(context, refs) ?? [];
      }),
    ),
  );
}

interface Run {
  readonly start: number;
  length: number;
}

/** Rules one below the other with the same words around the port. */
function runsOf(rules: readonly Rule[]): readonly Run[] {
  const runs: Run[] = [];
  let before: string | undefined;
  let places = 0;
  for (const [index, rule] of rules.entries()) {
    const own = placesTaken(rule);
    const words = own === undefined ? undefined : wordsAround(rule);
    const run = runs.at(-1);
    const isTwin = index > 0 && portOf(rule) === portOf(rules[index - 1]);
    if (words !== undefined && words === before && !isTwin && run && places + (own ?? 0) <= MOST_PLACES) {
      run.length += 1;
      places += own ?? 0;
    } else if (words !== undefined) {
      runs.push({ start: index, length: 1 });
      places = own ?? 0;
    }
    before = words;
  }
  return runs.filter(({ length }) => length > 1);
}

/** Places that the rule's port takes in a list; undefined where a list cannot say it. */
function placesTaken({ matches }: Rule): number | undefined {
  const own = matches.find(({ name }) => PROTOCOLS.has(name));
  const port = own?.options.dport;
  if (port === undefined || port.inverted || own === undefined || Object.keys(own.options).length > 1) return undefined;
  const span = port.value;
  return typeof span === 'object' && span !== null && 'min' in span && span.min === span.max ? 1 : 2;
}

function portOf(rule: Rule | undefined): string {
  return JSON.stringify(rule?.matches.find(({ name }) => PROTOCOLS.has(name))?.options.dport ?? null);
}

function wordsAround({ matches, target }: Rule): string {
  return JSON.stringify([matches.filter(({ name }) => !PROTOCOLS.has(name)), target]);
}

function report(context: LintContext, refs: readonly RuleRef[]): Report | undefined {
  const { document } = context;
  const [first, second] = refs;
  if (first === undefined || second === undefined) return undefined;
  const others = refs.length === 2 ? `this and ${nameOf(second)}` : `this and the ${refs.length - 1} rules below it`;
  const fix = merged(context, refs);
  return {
    span: ruleSpan(document, first),
    message: `${others} differ in the port alone: one rule with -m multiport --dports would do`,
    related: refs.slice(1).map((ref) => ({ span: ruleSpan(document, ref), message: 'the same but for the port' })),
    fixes: fix ? [fix] : [],
  };
}

function merged({ document }: LintContext, refs: readonly RuleRef[]): Fix | undefined {
  const lines = refs.map(({ rule }) => lineOf(document, rule.line));
  const known = lines.filter((line) => line !== undefined);
  const [first, ...others] = known;
  const isPlain = known.length === refs.length && known.every(({ line }) => line.command === 'append');
  const isRun = known.every(({ number }, index) => index === 0 || number === (known[index - 1]?.number ?? 0) + 1);
  if (first === undefined || !isPlain || !isRun) return undefined;
  const use = [...PROTOCOLS].map((name) => matchOf(first, name)).find((one) => one !== undefined);
  const ports = known.map((line) => portText(line));
  if (use === undefined || ports.includes(undefined)) return undefined;
  const edits = [
    replaceIn(document, first.number, useSpan(use), `-m multiport --dports ${ports.join(',')}`),
    ...others.map(({ number }) => removeLine(document, number)),
  ];
  return { title: `One rule for ports ${ports.join(', ')}`, edits, safe: false, scope: { kind: 'nothing' } };
}

function portText(line: RuleLine): string | undefined {
  const use = [...PROTOCOLS].map((name) => matchOf(line, name)).find((one) => one !== undefined);
  const part = optionOf(use, 'dport');
  if (part === undefined) return undefined;
  const { start, end } = valueSpan(part);
  return line.line.text.slice(start, end);
}
