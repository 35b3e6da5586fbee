import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { bitsSetBy } from '../marks';
import {
  moveLineBehind,
  optionOf,
  optionSpan,
  placeOf,
  type RuleLine,
  relatedTo,
  reportAt,
  ruleLines,
  targetName,
} from '../rule-lines';

export const connmarkSaveBeforeMark = defineRule({
  code: 'connmark-save-before-mark',
  title: 'The mark is saved before it is set',
  severity: 'warning',
  group: 'routing',
  proof: 'text',
  docs: {
    what: '`CONNMARK --save-mark` stands above the `MARK` of the same chain, and nothing saves it below.',
    why: paragraphs(
      'What is saved is the mark of the moment: 0 for a new flow. The later packets get that 0 back, and go another',
      'way than the first one.',
    ),
    instead: 'Put the rule that saves behind those that set the mark.',
    suppress: 'Where the mark that another table has set is to be saved.',
  },
  kernel: ['net/netfilter/xt_connmark.c:connmark_tg_shift'],
  bad: [
    {
      title: 'Saved too early',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff
#                         ^^^^^^^^^^^ before
-A PREROUTING -i eth1 -j MARK --set-xmark 0x2/0xffffffff
COMMIT
`,
      fixed: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth1 -j MARK --set-xmark 0x2/0xffffffff
-A PREROUTING -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff
COMMIT
`,
    },
    {
      title: 'In a chain that is called behind',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:classify - [0:0]
-A POSTROUTING -j CONNMARK --save-mark
#                          ^^^^^^^^^^^ saved before mangle:classify (line 10)
-A POSTROUTING -j classify
-A classify -p tcp -m tcp --dport 22 -j MARK --set-mark 10
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Set, then saved',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff
-A PREROUTING -i eth1 -m mark --mark 0x0 -j MARK --set-xmark 0x2/0xffffffff
-A PREROUTING -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff
COMMIT
`,
    },
    {
      title: 'Saved once more on the way out',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff
-A PREROUTING -i eth1 -j MARK --set-xmark 0x2/0xffffffff
-A POSTROUTING -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check({ document }: LintContext): readonly Report[] {
  const lines = ruleLines(document);
  const saving = lines.leadingTo('CONNMARK').filter(({ uses }) => optionOf(uses.target, 'save-mark'));
  const setting = lines.leadingTo('MARK').filter((rule) => bitsSetBy(rule));
  return saving.flatMap((rule) => {
    const part = optionOf(rule.uses.target, 'save-mark');
    const isBehind = (one: RuleLine) =>
      one.table === rule.table && one.chain === rule.chain && one.number > rule.number;
    const called = new Set(lines.all.filter(isBehind).flatMap((one) => targetName(one) ?? []));
    const isCalled = (one: RuleLine) => one.table === rule.table && called.has(one.chain);
    const last = setting.filter((one) => isBehind(one) || isCalled(one)).at(-1);
    if (part === undefined || last === undefined) return [];
    if (setting.some(({ number }) => number < rule.number) || saving.some(({ number }) => number > last.number))
      return [];
    const message = `the mark is saved before ${placeOf(last)} sets it: the connection keeps 0. Put this rule behind it.`;
    const edits = last.chain === rule.chain ? moveLineBehind(document, rule, last) : undefined;
    const fix = edits && { title: 'Put it behind', edits, safe: false, scope: { kind: 'packets', of: {} } as const };
    const related = [relatedTo(document, last, 'sets the mark')];
    return [reportAt(document, rule, optionSpan(part), message, { related, fixes: [fix] })];
  });
}
