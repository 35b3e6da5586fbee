import type { GivenOptions, Json, Rule } from '../../../../src-sim/netfilter/ruleset';
import type { RuleRef } from '../../analysis/rule-packets';
import { effectOf } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { targetSpan } from '../places';
import { hasTarget, rulesOf } from '../table-rules';

export const markOrLogInNat = defineRule({
  code: 'mark-or-log-in-nat',
  title: 'A mark, or a log, for the first packet of a flow only',
  severity: 'warning',
  group: 'nat',
  proof: 'text',
  docs: {
    what: 'A rule of the table `nat` marks, classifies or logs packets.',
    why: paragraphs(
      'The table `nat` sees the first packet of a flow and no other. A mark that steers routing is set for that one packet:',
      'the later ones of the connection take the other way. A log line is written once for a connection; a counter counts',
      'connections.',
    ),
    instead: 'Mark in `mangle`, or let `CONNMARK` carry the mark to the later packets. Log in `filter` or `mangle`.',
    suppress: 'Where one line for each connection is what the log is for.',
  },
  kernel: ['net/netfilter/nf_nat_core.c:nf_nat_inet_fn'],
  bad: [
    {
      title: 'A mark for routing',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i lan0 -j MARK --set-mark 5
#                     ^^^^^^^^^^^^^^^^^^^^ first packet
COMMIT
`,
    },
    {
      title: 'A mark that mangle looks at, and a class',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A FORWARD -m mark --mark 0x7 -j TOS --set-tos 0x10/0x3f
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 5060 -j MARK --set-xmark 0x7/0xffffffff
#                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ first packet
-A POSTROUTING -o wan0 -j CLASSIFY --set-class 0001:0010
#                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ first packet
COMMIT
`,
    },
    {
      title: 'A log: an information',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j LOG --log-prefix "web "
#                                      ^^^^^^^^^^^^^^^^^^^^^^^^^^ first packet
-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.5
COMMIT
`,
    },
  ],
  good: [
    {
      title: "kube-proxy's mark is looked at in nat, for the same packet",
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
-A POSTROUTING -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FORWARD - [0:0]
-A FORWARD -j KUBE-FORWARD
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Marks in mangle',
      code: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i lan0 -j MARK --set-mark 5
COMMIT
`,
    },
    {
      title: 'Only translations',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i wan0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.5
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
`,
    },
    {
      title: 'Kubernetes marks what is to be dropped: of such a flow there is no second packet',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-MARK-DROP - [0:0]
-A PREROUTING -p tcp -m tcp --dport 30080 -j KUBE-MARK-DROP
-A KUBE-MARK-DROP -j MARK --set-xmark 0x8000/0x8000
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m mark --mark 0x8000/0x8000 -j DROP
COMMIT
`,
    },
  ],
  on: { rule: check },
});

function check(ref: RuleRef, context: LintContext): readonly Report[] {
  if (ref.table !== 'nat') return [];
  const isMark = hasTarget(ref, 'MARK', 'CONNMARK', 'CLASSIFY');
  const isLog = hasTarget(ref, 'LOG', 'NFLOG');
  if (!isMark && !isLog) return [];
  if (isMark && isForNatAlone(context, ref)) return [];
  return [
    {
      ...(isLog && { severity: 'information' as const }),
      span: targetSpan(context.document, ref),
      message: isLog
        ? `${nameOf(ref)} logs the first packet of each flow only: the table nat sees no other. For all packets, log in filter or mangle.`
        : `${nameOf(ref)} marks the first packet of each flow only: the table nat sees no other, and the later ones go unmarked. Mark in mangle.`,
      related: [],
      fixes: [],
    },
  ];
}

/**
 * Whether the mark is looked at, and where it is, in nat; what filter accepts goes on as ESTABLISHED. Or filter denies
 * what has it: a flow whose first packet is dropped has no others.
 */
function isForNatAlone({ ruleset }: LintContext, ref: RuleRef): boolean {
  const effect = effectOf(ref.rule.target);
  const mask = effect?.kind === 'mark' ? effect.mask | effect.value : 0xffff_ffff;
  const readers = (table: 'raw' | 'mangle' | 'nat' | 'filter') =>
    rulesOf(ruleset, table).filter(({ rule }) =>
      rule.matches.some(({ name, options }) => name === 'mark' && overlaps(options, mask)),
    );
  if (readers('mangle').length > 0 || readers('raw').length > 0) return false;
  const inFilter = readers('filter');
  const isForDenial = inFilter.length > 0 && inFilter.every(({ rule }) => isDenying(rule));
  return readers('nat').length > 0 || isForDenial;
}

function isDenying({ target }: Rule): boolean {
  return ['drop', 'reject'].includes(effectOf(target)?.kind ?? '');
}

function overlaps(options: GivenOptions, mask: number): boolean {
  const value = options.mark?.value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return true;
  const { mask: own } = value as { readonly mask?: Json };
  return typeof own !== 'number' || (own & mask) !== 0;
}
