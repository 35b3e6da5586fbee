import { intersectBoxes } from '../../analysis/packet-set';
import { packetsOfPath, type RuleRef, type Walker } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Fix } from '../finding';
import { TCP_FLOW } from '../flow-shapes';
import { lonePacket } from '../flow-witness';
import { suffers } from '../harm';
import { decidedBy, isAcceptedByRule, outcomesOf } from '../outcomes';
import { pickPerDevice } from '../pick-packet';
import { stateSpan } from '../places';
import { addStates, asksFor, removeStates, stateLists } from '../state-words';
import { ODD_PORT } from '../stray-packets';
import { rulesOf } from '../table-rules';
import { saves } from '../try-fix';

export const ctstateNoFilter = defineRule({
  code: 'ctstate-no-filter',
  title: 'A rule about states that accepts everything',
  severity: 'warning',
  group: 'state',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'In a chain that denies what nobody names, a rule accepts NEW, ESTABLISHED and RELATED and asks for nothing else.',
    ),
    why: paragraphs(
      'Nearly every packet is in one of these states, and whoever begins a connection sends NEW ones: the rule lets',
      'everybody in, the rules below it and the policy decide nothing.',
    ),
    instead: 'Accept `RELATED,ESTABLISHED` by this rule, and NEW by rules that say for which service.',
    suppress: 'Where everything is to be accepted but INVALID packets; then the policy should say so.',
  },
  kernel: ['net/netfilter/xt_conntrack.c:conntrack_mt'],
  bad: [
    {
      title: 'NEW in the list of the first rule',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state NEW,ESTABLISHED,RELATED -j ACCEPT
#                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ everything
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state ESTABLISHED,RELATED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'All states but one, in a router that ends with a REJECT',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack ! --ctstate INVALID -j ACCEPT
#                       ^^^^^^^^^^^^^^^^^^^ everything
-A FORWARD -i lan0 -p tcp -m tcp --dport 443 -j ACCEPT
-A FORWARD -j REJECT --reject-with icmp-port-unreachable
COMMIT
`,
    },
    {
      title: 'In a chain that all packets enter',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:states - [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -j states
-A INPUT -p icmp -j ACCEPT
-A states -m conntrack --ctstate RELATED,ESTABLISHED,NEW -j ACCEPT
#                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ everything
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'NEW for a service',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m state --state NEW,ESTABLISHED,RELATED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'From the inner network, and from loopback',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -m state --state NEW,RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lan0 -m state --state NEW,RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan0 -o wan0 -m state --state NEW,RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'In OUTPUT, where the host speaks for itself',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -m state --state NEW,RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Nothing is denied by default, and the rule ends the walk early',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 23 -j DROP
-A INPUT -m conntrack --ctstate NEW,RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const mayBe = ({ rule }: RuleRef) => asksFor(rule, 'NEW') && asksFor(rule, 'ESTABLISHED');
  if (!rulesOf(context.ruleset, 'filter').some(mayBe)) return [];
  const walker = context.walker();
  const reports = new Map<number, Report>();
  for (const way of ['INPUT', 'FORWARD'] as const) {
    for (const outcome of (outcomesOf(context, way, TCP_FLOW.opening, 'NEW') ?? []).filter(isAcceptedByRule)) {
      const path = decidedBy(outcome, way);
      const asking = path.find(mayBe);
      if (asking === undefined || reports.has(asking.rule.line) || !takesEverything(walker, path)) continue;
      const box = intersectBoxes(outcome.box, ODD_PORT);
      const fix = withoutNew(context, asking);
      const witness = pickPerDevice(walker.space, box ?? outcome.box, way)
        .map((packet) => lonePacket(packet, way, context.hints, 'accepted'))
        .find((one) => suffers(context.ruleset, one) && fix && saves(context, fix.edits, one));
      if (box === undefined || fix === undefined || witness === undefined) continue;
      reports.set(asking.rule.line, {
        span: stateSpan(context.document, asking),
        message: [
          `${nameOf(asking)} accepts everything: whoever begins a connection sends NEW packets.`,
          'Without NEW, what nobody names would be denied.',
        ].join(' '),
        related: [],
        fixes: [fix],
        witness,
      });
    }
  }
  return [...reports.values()];
}

/** Whether the states are all that the rules ask for. */
function takesEverything(walker: Walker, path: readonly RuleRef[]): boolean {
  return packetsOfPath(walker, path, {}).some(
    ({ box, exact }) => exact && Object.keys(box).every((dimension) => dimension === 'state'),
  );
}

function withoutNew({ document }: LintContext, ref: RuleRef): Fix | undefined {
  const lists = stateLists(document, ref);
  const [list] = lists;
  if (list === undefined || lists.length !== 1) return undefined;
  const edit = list.inverted ? addStates(list, ['NEW']) : removeStates(document, list, ['NEW']);
  const scope = { kind: 'packets' as const, of: { states: ['NEW' as const] } };
  return edit && { title: 'Leave NEW out', edits: [edit], safe: false, scope };
}
