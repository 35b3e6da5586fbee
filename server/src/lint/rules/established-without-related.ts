import type { RuleRef } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { errorWay, errorWitness, type QuotedFlow, TOO_BIG } from '../error-witness';
import { denierText } from '../established';
import type { Fix, Witness } from '../finding';
import { openingsOfAnswer, openingsOfNext, TCP_FLOW } from '../flow-shapes';
import { suffersAs } from '../harm';
import {
  decidedBy,
  isAcceptedByRule,
  isDeniedByDefault,
  mayDenyByDefault,
  type Outcome,
  outcomesOf,
} from '../outcomes';
import { firstInChain, stateSpan } from '../places';
import { addStates, asksFor, stateLists } from '../state-words';
import { helpfulFixes } from '../try-fix';
import type { WayName } from '../way';

export const establishedWithoutRelated = defineRule({
  code: 'established-without-related',
  title: 'Connections get through, errors about them do not',
  severity: 'warning',
  group: 'state',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'A chain accepts ESTABLISHED packets of TCP connections and denies the ICMP errors about them, which are RELATED:',
      '"fragmentation needed" in IPv4, "packet too big" in IPv6.',
    ),
    why: paragraphs(
      'An ICMP error that quotes a packet of a known flow is RELATED, whoever sends it, never ESTABLISHED. Without it a',
      'sender never learns that its packets are too big for a link on the way: small ones arrive, large transfers hang',
      '(a path-MTU black hole), and "unreachable" becomes a time-out.',
    ),
    instead: 'Accept `RELATED,ESTABLISHED`; or these errors by their type, where RELATED is meant to stay out.',
    suppress: 'Where all paths are known to have one MTU, and nobody tunnels.',
  },
  kernel: [
    'net/netfilter/nf_conntrack_proto_icmp.c:nf_conntrack_inet_error',
    'net/netfilter/xt_conntrack.c:conntrack_mt',
  ],
  bad: [
    {
      title: 'A web server whose large pages hang for some',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
#                     ^^^^^^^^^^^^^^^^^^^^^ errors about them are RELATED
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Each direction of each service has a rule, as guides of old have it',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m state --state NEW,ESTABLISHED -j ACCEPT
#                                          ^^^^^^^^^^^^^^^^^^^^^^^ errors about them are RELATED
-A OUTPUT -p tcp -m tcp --sport 22 -m state --state ESTABLISHED -j ACCEPT
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -p icmp -m conntrack --ctstate RELATED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m state --state NEW,ESTABLISHED -j ACCEPT
-A OUTPUT -p tcp -m tcp --sport 22 -m state --state ESTABLISHED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A router, with the rest denied by a last rule',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m state --state ESTABLISHED -j ACCEPT
#                   ^^^^^^^^^^^^^^^^^^^ errors about them are RELATED
-A FORWARD -i lan0 -o wan0 -j ACCEPT
-A FORWARD -j DROP
COMMIT
`,
      fixed: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m state --state ESTABLISHED,RELATED -j ACCEPT
-A FORWARD -i lan0 -o wan0 -j ACCEPT
-A FORWARD -j DROP
COMMIT
`,
    },
    {
      title: 'IPv6, where no router fragments',
      family: 'ipv6',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
#                     ^^^^^^^^^^^^^^^^^^^^^ errors about them are RELATED
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'RELATED stands in the list',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'RELATED stays out for the sake of helpers, the errors are accepted by their types',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 3 -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 11 -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 12 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
    },
    {
      title: 'ICMP has a chain of its own, with a limit',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:icmp-in - [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j icmp-in
-A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
-A icmp-in -m limit --limit 50/sec -j ACCEPT
COMMIT
`,
    },
    {
      title: 'UDP alone is spoken',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -p udp -m udp --sport 123 -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A OUTPUT -p udp -m udp --dport 123 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: (context) => (['INPUT', 'FORWARD'] as const).flatMap((way) => report(context, way) ?? []) },
});

const QUOTED = ['answer', 'opening'] as const;
const OPENS: readonly WayName[] = ['INPUT', 'FORWARD', 'OUTPUT'];
const MOST_TRIES = 6;

interface Candidate {
  readonly flow: QuotedFlow;
  readonly error: Outcome;
  readonly accepting: RuleRef;
}

function report(context: LintContext, way: WayName): Report | undefined {
  const walker = context.walker();
  for (const { flow, error, accepting } of candidates(context, way).slice(0, MOST_TRIES)) {
    const witness = errorWitness(context, walker, flow, error.box);
    if (witness === undefined || !suffersAs(context.ruleset, witness, 'RELATED')) continue;
    return {
      span: stateSpan(context.document, accepting),
      message: [
        `${nameOf(accepting)} accepts connections once they are ESTABLISHED, but errors about them are RELATED:`,
        `a router's "packet too big" is lost, since ${denierText(error, way)}, and large transfers hang.`,
        'Accept RELATED too.',
      ].join(' '),
      related: [],
      fixes: fixesFor(context, way, accepting, witness),
      witness,
    };
  }
  return undefined;
}

function candidates(context: LintContext, way: WayName): readonly Candidate[] {
  if (!mayDenyByDefault(context, way)) return [];
  const errors = outcomesOf(context, way, TOO_BIG[context.ruleset.family], 'RELATED') ?? [];
  const lost = errors.filter((outcome) => isDeniedByDefault(outcome, way));
  if (lost.length === 0) return [];
  return OPENS.flatMap((opens) =>
    QUOTED.filter((quoted) => errorWay({ way: opens, quoted }) === way).flatMap((quoted) =>
      establishedFlows(context, way, opens, quoted).flatMap(({ openings, accepting }) =>
        lost.map((error) => ({ flow: { way: opens, openings, quoted }, error, accepting })),
      ),
    ),
  );
}

/** TCP connections that begin on a way, and whose packets in the error's direction are let through as ESTABLISHED. */
function establishedFlows(context: LintContext, way: WayName, opens: WayName, quoted: QuotedFlow['quoted']) {
  const { opening, answer, next } = TCP_FLOW;
  const opened = (outcomesOf(context, opens, opening, 'NEW') ?? []).filter(({ verdict }) => verdict === 'accept');
  const later = outcomesOf(context, way, quoted === 'answer' ? next : answer, 'ESTABLISHED') ?? [];
  return later.filter(isAcceptedByRule).flatMap((outcome) => {
    const accepting = decidedBy(outcome, way).find(
      ({ rule }) => asksFor(rule, 'ESTABLISHED') && !asksFor(rule, 'RELATED'),
    );
    const turned = quoted === 'answer' ? openingsOfNext : openingsOfAnswer;
    if (accepting === undefined) return [];
    return opened.flatMap(({ box }) => {
      const openings = turned(box, outcome.box);
      return openings ? [{ openings, accepting }] : [];
    });
  });
}

function fixesFor(context: LintContext, way: WayName, accepting: RuleRef, witness: Witness): readonly Fix[] {
  const { document } = context;
  const [list] = stateLists(document, accepting).filter(({ inverted }) => !inverted);
  const listed = list && helpfulFixes(context, witness, [fix('Add RELATED', [addStates(list, ['RELATED'])])]);
  if (listed && listed.length > 0) return listed;
  const icmp = context.ruleset.family === 'ipv4' ? 'icmp' : 'ipv6-icmp';
  const rule = `-A ${way} -p ${icmp} -m conntrack --ctstate RELATED -j ACCEPT`;
  const edit = firstInChain(document, context, 'filter', way, rule);
  return helpfulFixes(context, witness, [edit && fix('Accept errors about known connections', [edit])]);
}

function fix(title: string, edits: Fix['edits']): Fix {
  return { title, edits, safe: false, scope: { kind: 'packets', of: { states: ['RELATED'] } } };
}
