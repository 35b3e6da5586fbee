import { intersectBoxes } from '../../analysis/packet-set';
import { packetsOfPath, type RuleRef } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Severity, TextEdit, Witness } from '../finding';
import { TCP_FLOW } from '../flow-shapes';
import { lonePacket } from '../flow-witness';
import { suffers } from '../harm';
import { ordinaryTraffic } from '../outside';
import { pickPacket } from '../pick-packet';
import { hasTranslation, type StateList, stateLists, statesTaken } from '../state-words';
import { hasTarget } from '../table-rules';
import { saves } from '../try-fix';
import { startOf, type WayName } from '../way';

export const ctstateInNat = defineRule({
  code: 'ctstate-in-nat',
  title: 'A state match in nat, where every packet is NEW',
  severity: 'warning',
  group: 'state',
  proof: 'text',
  docs: {
    what: paragraphs(
      'A rule of the table `nat` asks for a state. Without NEW in its list it never matches, a warning; RELATED is left to',
      'the connections that a helper expects, an information; with NEW the match says nothing, a hint.',
    ),
    why: paragraphs(
      'The table `nat` sees the first packet of a flow only, which is NEW; all others are translated by the entry, without',
      'asking it. A rule that waits for ESTABLISHED there translates nothing, and packets leave with the addresses that',
      'they came with.',
    ),
    instead: 'Leave the state out: NAT keeps to its flows by itself.',
    suppress: 'Where RELATED stands for what a helper announces.',
  },
  kernel: ['net/netfilter/nf_nat_core.c:nf_nat_inet_fn'],
  bad: [
    {
      title: 'Nothing is masqueraded',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -m conntrack --ctstate ESTABLISHED,RELATED -j MASQUERADE
#                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ never matches
COMMIT
`,
      fixed: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
`,
    },
    {
      title: 'A service that is never redirected',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i wan0 -p tcp -m tcp --dport 80 -m state ! --state NEW -j DNAT --to-destination 192.168.1.10:8080
#                                                       ^^^^^^^^^^^^^ never matches
COMMIT
`,
    },
    {
      title: 'NEW says nothing here: a hint',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 192.168.1.0/24 -o eth0 -m conntrack --ctstate NEW -j MASQUERADE
#                                                     ^^^^^^^^^^^^^ redundant
COMMIT
`,
      fixed: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 192.168.1.0/24 -o eth0 -j MASQUERADE
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'No state at all',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 192.168.1.0/24 -o eth0 -j MASQUERADE
COMMIT
`,
    },
    {
      title: 'What was translated before: the way back in for clients of the same network',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.1.10
-A POSTROUTING -s 192.168.1.0/24 -d 192.168.1.0/24 -m conntrack --ctstate DNAT -j MASQUERADE
COMMIT
`,
    },
    {
      title: 'The original destination, without a state',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -d 192.168.1.10/32 -m conntrack --ctorigdst 203.0.113.1 -j MASQUERADE
COMMIT
`,
    },
  ],
  on: { rule: check },
});

function check(ref: RuleRef, context: LintContext): readonly Report[] {
  if (ref.table !== 'nat') return [];
  return stateLists(context.document, ref)
    .filter((list) => !hasTranslation(list))
    .map((list) => report(context, ref, list));
}

function report(context: LintContext, ref: RuleRef, list: StateList): Report {
  const taken = statesTaken(list);
  const edits = list.matchSpan && [{ span: list.matchSpan, text: '' }];
  const isDead = !taken.includes('NEW');
  const witness = isDead && edits ? untranslated(context, ref, edits) : undefined;
  return {
    severity: severityOf(taken, witness),
    span: list.span,
    message: isDead
      ? `${nameOf(ref)} never matches${taken.includes('RELATED') ? ' but for what a helper expects' : ''}: the table nat sees the first packet of a flow only, and that is NEW. Leave the state out.`
      : `${nameOf(ref)} asks for NEW, which is redundant: the table nat sees nothing else.`,
    related: [],
    fixes: edits ? [{ title: 'Leave the state out', edits, safe: false, scope: { kind: 'packets', of: {} } }] : [],
    ...(witness && { witness }),
  };
}

function severityOf(taken: readonly string[], witness: Witness | undefined): Severity {
  if (taken.includes('NEW')) return 'hint';
  return taken.includes('RELATED') && witness === undefined ? 'information' : 'warning';
}

const WAY_OF: Readonly<Record<string, WayName>> = { PREROUTING: 'INPUT', OUTPUT: 'OUTPUT', POSTROUTING: 'FORWARD' };

/** A packet that the rule would translate, were it not for the state. */
function untranslated(context: LintContext, ref: RuleRef, edits: readonly TextEdit[]): Witness | undefined {
  const way = WAY_OF[ref.chain];
  if (way === undefined || !hasTarget(ref, 'MASQUERADE', 'SNAT', 'DNAT', 'REDIRECT')) return undefined;
  const walker = context.walker();
  const matches = ref.rule.matches.filter(({ name }) => name !== 'conntrack' && name !== 'state');
  const start = intersectBoxes(startOf(walker.space, way, context.hints), TCP_FLOW.opening);
  const [piece] = packetsOfPath(walker, [{ ...ref, rule: { ...ref.rule, matches } }], start ?? {});
  const box = way === 'FORWARD' && piece ? ordinaryTraffic(walker, piece.box) : piece?.box;
  const packet = box && pickPacket(walker.space, box, way);
  const witness = packet && lonePacket(packet, way, context.hints, 'untranslated');
  return witness && suffers(context.ruleset, witness) && saves(context, edits, witness) ? witness : undefined;
}
