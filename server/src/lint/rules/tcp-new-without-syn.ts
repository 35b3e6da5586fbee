import { sameSet } from '../../../../src-sim/net/interval-set';
import { spanInDocument } from '../../analysis/document';
import { packetsOfPath, type RuleRef, type Walker } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Fix } from '../finding';
import { lonePacket } from '../flow-witness';
import { suffersAs } from '../harm';
import { decidedBy, isAcceptedByRule, type Outcome, outcomesOf } from '../outcomes';
import { pickPerDevice } from '../pick-packet';
import { stateSpan } from '../places';
import { asksFor, removeStates, stateLists, statesAskedBy } from '../state-words';
import { STRAY_ACK, STRAY_ACK_FLAGS } from '../stray-packets';
import { rulesOf } from '../table-rules';
import { saves } from '../try-fix';
import type { WayName } from '../way';

export const tcpNewWithoutSyn = defineRule({
  code: 'tcp-new-without-syn',
  title: 'A bare ACK begins a connection',
  severity: 'information',
  group: 'state',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'A rule accepts NEW TCP packets without asking for a SYN, and none before it drops those that have none. Said once',
      'for a file.',
    ),
    why: paragraphs(
      'While `net.netfilter.nf_conntrack_tcp_loose` is 1, the default, conntrack takes a segment with ACK out of nowhere',
      'for the middle of a connection that it has missed, and calls it NEW. ACK scans pass, and connections that were cut',
      'with `conntrack -D` come to life again.',
    ),
    instead: 'Ask for `--syn`, or drop `-p tcp ! --syn -m conntrack --ctstate NEW` first.',
    suppress: 'On fail-over pairs, which are to pick connections up in mid-stream.',
  },
  kernel: ['net/netfilter/nf_conntrack_proto_tcp.c:tcp_new', 'Documentation/networking/nf_conntrack-sysctl.rst'],
  bad: [
    {
      title: 'NEW is not only SYN',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
#                                              ^^^^^^^^^^^^^ ACK
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A INPUT -p tcp -m tcp --syn --dport 22 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Several services in a chain; said once',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:services - [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m state --state NEW -j services
#                 ^^^^^^^^^^^ ACK
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A services -p tcp -m multiport --dports 80,443 -j ACCEPT
-A services -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Both states in one list',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m state --state NEW,ESTABLISHED -j ACCEPT
#                                          ^^^^^^^^^^^^^^^^^^^^^^^ ACK
-A OUTPUT -p tcp -m tcp --sport 22 -m state --state ESTABLISHED -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The rule asks for a SYN',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
    },
    {
      title: 'NEW without a SYN is dropped before',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j DROP
-A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A service without a state: whoever speaks to it is answered by its TCP',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p udp -m udp --dport 53 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: (context) => check(context) ?? [] },
});

function check(context: LintContext): readonly Report[] | undefined {
  // Who sees one direction only has to take up connections in their middle.
  if (context.hints.asymmetric || context.hints.roles.includes('lvs-director')) return undefined;
  if (!rulesOf(context.ruleset, 'filter').some(({ rule }) => asksFor(rule, 'NEW'))) return undefined;
  const candidates = (['INPUT', 'FORWARD'] as const).flatMap((way) =>
    (outcomesOf(context, way, STRAY_ACK, 'NEW') ?? []).filter(isAcceptedByRule).map((outcome) => ({ way, outcome })),
  );
  for (const { way, outcome } of candidates.slice(0, MOST_TRIES)) {
    const found = report(context, way, outcome);
    if (found) return [found];
  }
  return undefined;
}

const MOST_TRIES = 6;

function report(context: LintContext, way: WayName, outcome: Outcome): Report | undefined {
  const walker = context.walker();
  const path = decidedBy(outcome, way);
  const asking = path.find(({ rule }) => asksFor(rule, 'NEW'));
  if (asking === undefined || !outcome.certain || !isForTcp(walker, path)) return undefined;
  const fix = withSyn(context, asking);
  const [list] = stateLists(context.document, asking);
  const without = list && removeStates(context.document, list, ['NEW']);
  const edits = fix?.edits ?? (without && [without]);
  const witness = pickPerDevice(walker.space, outcome.box, way)
    .map((packet) => lonePacket(packet, way, context.hints, 'accepted', { flags: STRAY_ACK_FLAGS }))
    .find((one) => suffersAs(context.ruleset, one, 'NEW') && (edits === undefined || saves(context, edits, one)));
  if (witness === undefined) return undefined;
  return {
    span: stateSpan(context.document, asking),
    message: [
      `${nameOf(asking)} accepts NEW TCP packets that carry no SYN: a bare ACK out of nowhere counts as NEW`,
      '(nf_conntrack_tcp_loose). Ask for --syn, or drop NEW without it before.',
    ].join(' '),
    related: [],
    fixes: fix ? [fix] : [],
    witness,
  };
}

function isForTcp({ space, ...walker }: Walker, path: readonly RuleRef[]): boolean {
  const tcp = STRAY_ACK.protocol ?? [];
  return packetsOfPath({ space, ...walker }, path, {}).every(({ box }) =>
    sameSet(box.protocol ?? space.domains.protocol, tcp),
  );
}

/** Where the rule is for the beginning of TCP connections alone. */
function withSyn({ document }: LintContext, { rule }: RuleRef): Fix | undefined {
  const line = document.tree.lines[rule.line];
  if (line?.kind !== 'command' || statesAskedBy(rule)?.join() !== 'NEW') return undefined;
  const tcp = line.parts.find((part) => part.kind === 'match' && part.name?.value === 'tcp');
  const protocol = line.parts.find((part) => part.kind === 'option' && part.option === 'protocol' && part.value === 6);
  const end =
    tcp?.kind === 'match'
      ? tcp.name?.span.end
      : protocol?.kind === 'option'
        ? protocol.words.at(-1)?.span.end
        : undefined;
  if (end === undefined) return undefined;
  const span = spanInDocument(document, rule.line, { start: end, end });
  const scope = { kind: 'packets' as const, of: { protocols: ['tcp'], states: ['NEW' as const] } };
  return { title: 'Ask for a SYN', edits: [{ span, text: ' --syn' }], safe: false, scope };
}
