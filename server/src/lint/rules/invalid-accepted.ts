import { packetsOfPath, type RuleRef, type Walker } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Fix } from '../finding';
import { lonePacket } from '../flow-witness';
import { suffersAs } from '../harm';
import { decidedBy, isAcceptedByRule, outcomesOf } from '../outcomes';
import { pickPerDevice } from '../pick-packet';
import { stateSpan } from '../places';
import { addStates, asksFor, removeStates, stateLists } from '../state-words';
import { STRAY_FIN, STRAY_FIN_FLAGS } from '../stray-packets';
import { rulesOf } from '../table-rules';
import { saves } from '../try-fix';

export const invalidAccepted = defineRule({
  code: 'invalid-accepted',
  title: 'Packets of no connection are let in',
  severity: 'warning',
  group: 'state',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'A rule accepts INVALID packets, whoever sends them: `--ctstate INVALID,ESTABLISHED`, or a negated list that does',
      'not name INVALID.',
    ),
    why: paragraphs(
      'INVALID is what conntrack cannot put to any connection: a FIN, RST or SYN+ACK out of nowhere, the flags of a scan,',
      'an ICMP error about an unknown flow, a bad checksum. A chain that denies what nobody asked for has no use for',
      'them, and NAT does not translate them.',
    ),
    instead: 'Leave INVALID out of the list; better, drop it by a rule of its own above.',
    suppress: paragraphs(
      'On hosts that see one side of their connections only: an LVS director, a router with asymmetric paths. The hints',
      '`role=lvs-director` and `asymmetric=yes` say so.',
    ),
  },
  kernel: ['net/netfilter/nf_conntrack_proto_tcp.c:tcp_new', 'net/netfilter/xt_conntrack.c:conntrack_mt'],
  bad: [
    {
      title: 'All states but one, to be on the safe side',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID,ESTABLISHED,RELATED -j ACCEPT
#                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ INVALID
-A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
    },
    {
      title: 'What is not NEW is not always known',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m state ! --state NEW -j ACCEPT
#                   ^^^^^^^^^^^^^ INVALID
-A FORWARD -i lan0 -j ACCEPT
-A FORWARD -j DROP
COMMIT
`,
      fixed: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m state ! --state NEW,INVALID -j ACCEPT
-A FORWARD -i lan0 -j ACCEPT
-A FORWARD -j DROP
COMMIT
`,
    },
    {
      title: 'In a chain, for one interface',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:in-wan - [0:0]
-A INPUT -i wan0 -j in-wan
-A in-wan -m state --state RELATED,ESTABLISHED,INVALID -j ACCEPT
#                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ INVALID
-A in-wan -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'INVALID is dropped before',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack ! --ctstate NEW -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A router that sees one side of its connections',
      code: `# chainwalk: asymmetric=yes
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate INVALID,NEW,RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Loopback, and one service',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -m conntrack --ctstate INVALID,NEW,RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 192.0.2.0/24 -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW,INVALID -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Nothing is denied anyway',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack ! --ctstate NEW -j ACCEPT
-A INPUT -p tcp -m tcp --dport 111 -j DROP
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const { hints, ruleset } = context;
  if (hints.asymmetric || hints.roles.includes('lvs-director')) return [];
  if (!rulesOf(ruleset, 'filter').some(({ rule }) => asksFor(rule, 'INVALID'))) return [];
  const walker = context.walker();
  const reports = new Map<number, Report>();
  for (const way of ['INPUT', 'FORWARD'] as const) {
    for (const outcome of (outcomesOf(context, way, STRAY_FIN, 'INVALID') ?? []).filter(isAcceptedByRule)) {
      const path = decidedBy(outcome, way);
      const asking = path.find(({ rule }) => asksFor(rule, 'INVALID'));
      if (asking === undefined || !outcome.certain || reports.has(asking.rule.line) || isNarrow(walker, path)) continue;
      const fix = withoutInvalid(context, asking);
      const witness = pickPerDevice(walker.space, outcome.box, way)
        .map((packet) => lonePacket(packet, way, hints, 'accepted', { flags: STRAY_FIN_FLAGS }))
        .find((one) => suffersAs(ruleset, one, 'INVALID') && fix && saves(context, fix.edits, one));
      if (fix === undefined || witness === undefined) continue;
      reports.set(asking.rule.line, {
        span: stateSpan(context.document, asking),
        message: [
          `${nameOf(asking)} accepts INVALID packets, which belong to no connection: stray segments, scans,`,
          'errors about nothing known. Without INVALID they would be denied.',
        ].join(' '),
        related: [],
        fixes: [fix],
        witness,
      });
    }
  }
  return [...reports.values()];
}

/** For certain addresses or ports alone: somebody meant those. */
function isNarrow(walker: Walker, path: readonly RuleRef[]): boolean {
  return packetsOfPath(walker, path, {}).every(({ box: { src, dst, sport, dport, mark } }) =>
    [src, dst, sport, dport, mark].some((set) => set !== undefined),
  );
}

function withoutInvalid({ document }: LintContext, ref: RuleRef): Fix | undefined {
  const lists = stateLists(document, ref);
  const [list] = lists;
  if (list === undefined || lists.length !== 1) return undefined;
  const edit = list.inverted ? addStates(list, ['INVALID']) : removeStates(document, list, ['INVALID']);
  const scope = { kind: 'packets' as const, of: { states: ['INVALID' as const] } };
  return edit && { title: 'Leave INVALID out', edits: [edit], safe: !list.inverted, scope };
}
