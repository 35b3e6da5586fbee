import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import {
  matchOf,
  optionOf,
  placeOf,
  type RuleLine,
  relatedTo,
  replaceIn,
  reportAt,
  ruleLines,
  valueSpan,
} from '../rule-lines';

export const hashlimitSharedName = defineRule({
  code: 'hashlimit-shared-name',
  title: 'Two limits, one table',
  severity: 'warning',
  group: 'limits',
  proof: 'text',
  docs: {
    what: 'Two rules with the same `--hashlimit-name`, and different rates, bursts, modes or masks.',
    why: paragraphs(
      'Rules with one name share one table, and the table has the settings of the rule that made it: the first.',
      'What the second one says of its rate does not count, and the packets of both use up the same buckets.',
    ),
    instead: 'Give each limit a name of its own.',
    suppress: 'Never: the second rule does not do what it says.',
  },
  kernel: ['net/netfilter/xt_hashlimit.c:htable_find_get'],
  bad: [
    {
      title: 'The generous limit is the strict one',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m hashlimit --hashlimit-upto 1/min --hashlimit-mode srcip --hashlimit-name in -j ACCEPT
-A INPUT -p udp -m hashlimit --hashlimit-upto 500/sec --hashlimit-mode srcip --hashlimit-name in -j ACCEPT
#                                                                                             ^^ settings of
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m hashlimit --hashlimit-upto 1/min --hashlimit-mode srcip --hashlimit-name in -j ACCEPT
-A INPUT -p udp -m hashlimit --hashlimit-upto 500/sec --hashlimit-mode srcip --hashlimit-name in-2 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Names of their own',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m hashlimit --hashlimit-upto 1/min --hashlimit-mode srcip --hashlimit-name ssh -j ACCEPT
-A INPUT -p udp -m hashlimit --hashlimit-upto 500/sec --hashlimit-mode srcip --hashlimit-name dns -j ACCEPT
COMMIT
`,
    },
    {
      title: 'One limit for two ports, and the rest',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 80 -m hashlimit --hashlimit-upto 5/sec --hashlimit-mode srcip --hashlimit-name web -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -m hashlimit --hashlimit-upto 5/sec --hashlimit-mode srcip --hashlimit-name web -j ACCEPT
-A INPUT -p tcp -m hashlimit --hashlimit-above 5/sec --hashlimit-mode srcip --hashlimit-name web -j DROP
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

/** What makes the table; `upto` and `above` read the same buckets. */
const SETTINGS = ['hashlimit-burst', 'hashlimit-mode', 'hashlimit-srcmask', 'hashlimit-dstmask'];

function check({ document }: LintContext): readonly Report[] {
  const rules = ruleLines(document).matching('hashlimit');
  const names = new Set(rules.map(nameIn));
  const first = new Map<string, RuleLine>();
  return rules.flatMap((rule) => {
    const part = optionOf(matchOf(rule, 'hashlimit'), 'hashlimit-name');
    const name = nameIn(rule);
    const maker = first.get(name);
    if (maker === undefined) first.set(name, rule);
    if (part === undefined || maker === undefined || settingsOf(maker) === settingsOf(rule)) return [];
    const fresh = freeName(name, names);
    const span = valueSpan(part);
    const fix = {
      title: `Call it ${fresh}`,
      edits: [replaceIn(document, rule.number, span, fresh)],
      safe: false,
      scope: { kind: 'packets', of: {} } as const,
    };
    const message = `the table "${name}" has the settings of ${placeOf(maker)}, and what this rule says of its rate does not count: give it a name of its own.`;
    const related = [relatedTo(document, maker, 'this rule makes the table')];
    return [reportAt(document, rule, span, message, { fixes: [fix], related })];
  });
}

function nameIn(rule: RuleLine): string {
  return String(optionOf(matchOf(rule, 'hashlimit'), 'hashlimit-name')?.value ?? '');
}

function settingsOf(rule: RuleLine): string {
  const use = matchOf(rule, 'hashlimit');
  const rate = optionOf(use, 'hashlimit-upto', 'hashlimit-above')?.value;
  return JSON.stringify([rate, ...SETTINGS.map((name) => optionOf(use, name)?.value ?? null)]);
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  let number = 2;
  while (taken.has(`${name}-${number}`)) number++;
  return `${name}-${number}`;
}
