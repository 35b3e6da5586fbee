import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Witness } from '../finding';
import { TCP_FLOW } from '../flow-shapes';
import { flowWitness } from '../flow-witness';
import { suffersAs } from '../harm';
import { decidedBy, isAcceptedByRule, outcomesOf } from '../outcomes';
import { ordinaryTraffic } from '../outside';
import { pickPacket } from '../pick-packet';
import { stateSpan } from '../places';
import { asksFor } from '../state-words';
import { rulesOf } from '../table-rules';
import { fateOf } from '../witness';

export const asymmetricNeedsStateless = defineRule({
  code: 'asymmetric-needs-stateless',
  title: 'A router that sees one side of its connections asks for their state',
  severity: 'information',
  group: 'lvs',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'The hint `asymmetric=yes` says that answers come back by another way, and FORWARD accepts connections by their state:',
      'they begin, and their later segments are denied.',
    ),
    why: paragraphs(
      'Conntrack that sees one side of a TCP connection takes its SYN for NEW and everything behind it for INVALID: the entry',
      'waits for a SYN+ACK that passes elsewhere. `nf_conntrack_tcp_be_liberal` does not help.',
    ),
    instead: 'Accept this traffic without a state in FORWARD, or NOTRACK it in `raw` and accept it as UNTRACKED.',
    suppress: 'Where the traffic of the rule comes back the same way.',
  },
  kernel: ['net/netfilter/nf_conntrack_proto_tcp.c:nf_conntrack_tcp_packet'],
  bad: [
    {
      title: 'NEW and ESTABLISHED, as everywhere else',
      code: `# chainwalk: role=router asymmetric=yes
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A FORWARD -p tcp -m tcp --dport 80 -m conntrack --ctstate NEW -j ACCEPT
#                                                ^^^^^^^^^^^^^ INVALID
COMMIT
`,
    },
    {
      title: 'INVALID is dropped first, the service has no state',
      code: `# chainwalk: asymmetric=yes
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate INVALID -j DROP
#                       ^^^^^^^^^^^^^^^^^ INVALID
-A FORWARD -d 192.0.2.0/24 -p tcp -m multiport --dports 80,443 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The rest is rejected',
      code: `# chainwalk: asymmetric=yes
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:allowed - [0:0]
-A FORWARD -m state --state NEW,RELATED,ESTABLISHED -j allowed
#                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ INVALID
-A FORWARD -j REJECT --reject-with icmp-admin-prohibited
-A allowed -p tcp -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Without a state',
      code: `# chainwalk: role=router asymmetric=yes
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT
-A FORWARD -p tcp -m tcp --sport 80 -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Out of conntrack',
      code: `# chainwalk: asymmetric=yes
*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i wan0 -j NOTRACK
-A PREROUTING -i wan1 -j NOTRACK
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate UNTRACKED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Both sides pass this router',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A FORWARD -p tcp -m tcp --dport 80 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: (context) => check(context) ?? [] },
});

const MOST_TRIES = 6;

function check(context: LintContext): readonly Report[] | undefined {
  const { hints, ruleset } = context;
  const states = ['NEW', 'ESTABLISHED', 'INVALID'] as const;
  const asksState = rulesOf(ruleset, 'filter').some(({ rule }) => states.some((state) => asksFor(rule, state)));
  if (!hints.asymmetric || !asksState) return undefined;
  const walker = context.walker();
  const opened = (outcomesOf(context, 'FORWARD', TCP_FLOW.opening, 'NEW') ?? []).filter(isAcceptedByRule);
  for (const outcome of opened.slice(0, MOST_TRIES)) {
    const box = ordinaryTraffic(walker, outcome.box);
    const packet = box && pickPacket(walker.space, box, 'FORWARD');
    const whole = packet && flowWitness(packet, 'FORWARD', hints, 'next');
    const [opens, , next] = whole?.packets ?? [];
    if (whole === undefined || opens === undefined || next === undefined) continue;
    // The answer takes another way.
    const witness: Witness = { ...whole, packets: [opens, next], victim: 1 };
    const begins = fateOf(ruleset, { ...witness, victim: 0 })?.isAccepted;
    if (!begins || !suffersAs(ruleset, witness, 'INVALID')) continue;
    const waiting = rulesOf(ruleset, 'filter', 'FORWARD').find(({ rule }) => asksFor(rule, 'ESTABLISHED'));
    const denier = rulesOf(ruleset, 'filter', 'FORWARD').find(({ rule }) => asksFor(rule, 'INVALID'));
    const place = decidedBy(outcome, 'FORWARD').find(({ rule }) => asksFor(rule, 'NEW')) ?? denier ?? waiting;
    if (place === undefined) continue;
    return [
      {
        span: stateSpan(context.document, place),
        message: [
          `${nameOf(place)} judges connections by their state, and this router sees one side of them: behind the SYN every`,
          'segment is INVALID, and denied. Accept them without a state, or NOTRACK them.',
        ].join(' '),
        related: [],
        fixes: [],
        witness,
      },
    ];
  }
  return undefined;
}
