import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import { bitsSetBy } from '../marks';
import { optionOf, optionSpan, placeOf, type RuleLine, relatedTo, reportAt, ruleLines } from '../rule-lines';

export const connmarkRestoreClobbers = defineRule({
  code: 'connmark-restore-clobbers',
  title: 'The mark is overwritten by that of the connection',
  severity: 'warning',
  group: 'routing',
  proof: 'text',
  docs: {
    what: '`CONNMARK --restore-mark` without a condition stands below a `MARK` of the same chain.',
    why: paragraphs(
      "Restoring overwrites the packet's mark with that of its connection, which is 0 for a new flow: what the rule",
      'above has set is gone.',
    ),
    instead: 'Restore first, and mark only what has no mark yet: `-m mark --mark 0`.',
    suppress: "Where the connection's mark is to win.",
  },
  kernel: ['net/netfilter/xt_connmark.c:connmark_tg_shift'],
  bad: [
    {
      title: 'Set, and wiped out',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth1 -j MARK --set-xmark 0x2/0xffffffff
-A PREROUTING -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff
#                         ^^^^^^^^^^^^^^ overwrites
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Restored first',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff
-A PREROUTING -i eth1 -m mark --mark 0x0 -j MARK --set-xmark 0x2/0xffffffff
COMMIT
`,
    },
    {
      title: 'For packets of known connections',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth1 -j MARK --set-xmark 0x2/0xffffffff
-A PREROUTING -m conntrack --ctstate ESTABLISHED -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff
COMMIT
`,
    },
    {
      title: 'Saved in between',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth1 -j MARK --set-xmark 0x2/0xffffffff
-A PREROUTING -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff
-A PREROUTING -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff
COMMIT
`,
    },
    {
      title: 'Other bits',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth1 -j MARK --set-xmark 0x2/0xff
-A PREROUTING -j CONNMARK --restore-mark --nfmask 0xff00 --ctmask 0xff00
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

const ALL_BITS = 0xffff_ffff;

function check({ document }: LintContext): readonly Report[] {
  const lines = ruleLines(document);
  const marking = lines.leadingTo('CONNMARK');
  const setting = lines.leadingTo('MARK');
  return marking.flatMap((rule) => {
    const part = optionOf(rule.uses.target, 'restore-mark');
    if (part === undefined || rule.uses.matches.length > 0) return [];
    const wiped = setting.find((one) => isAbove(one, rule) && ((bitsSetBy(one) ?? 0) & clearedBits(rule)) !== 0);
    const isSaved = marking.some((one) => wiped && isAbove(wiped, one) && isAbove(one, rule) && saves(one));
    if (wiped === undefined || isSaved) return [];
    const message = `this overwrites the mark that ${placeOf(wiped)} has set with that of the connection, 0 for a new flow: restore first.`;
    const related = [relatedTo(document, wiped, 'sets the mark')];
    return [reportAt(document, rule, optionSpan(part), message, { related })];
  });
}

function isAbove(one: RuleLine, other: RuleLine): boolean {
  return one.table === other.table && one.chain === other.chain && one.number < other.number;
}

function saves({ uses }: RuleLine): boolean {
  return ['save-mark', 'set-mark', 'set-xmark', 'or-mark'].some((option) => optionOf(uses.target, option));
}

/** The bits of the packet's mark that restoring clears. */
function clearedBits({ uses }: RuleLine): number {
  const mask = optionOf(uses.target, 'nfmask', 'mask')?.value;
  return typeof mask === 'number' ? mask : ALL_BITS;
}
