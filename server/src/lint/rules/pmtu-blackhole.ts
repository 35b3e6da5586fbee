import { PROTOCOL } from '../../../../src-sim/net/protocol';
import { findChain } from '../../analysis/find-chain';
import { points } from '../../analysis/packet-space';
import type { Decision } from '../../analysis/set-walk';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import type { Fix } from '../finding';
import {
  acceptedConnections,
  denialOf,
  errorWitness,
  icmpOutcomes,
  isAllDenied,
  isAnyAccepted,
  shutIcmp,
  tooBig,
  unsaidWitness,
} from '../icmp-ways';
import { decidedBy, type Outcome, outcomesOf } from '../outcomes';
import { decisionSpan, lineBefore } from '../places';
import { asksFor } from '../state-words';

export const pmtuBlackhole = defineRule({
  code: 'pmtu-blackhole',
  title: '"The packet is too big" does not arrive',
  severity: 'warning',
  group: 'icmp',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'TCP connections are accepted, and the ICMP message that says that a packet was too big',
      '(`fragmentation-needed`, in IPv6 `packet-too-big`) is denied: on its way in, through, or out of a router.',
    ),
    why: paragraphs(
      'Hosts send packets that must not be fragmented, and count on this message to learn what the path can carry.',
      'Where it is lost, small answers arrive and large ones hang for ever: pages load half, `ssh` logs in and',
      'freezes at the first long output. A `-p icmp -j DROP` above the rule that accepts RELATED is enough.',
    ),
    instead: paragraphs(
      'Accept `--icmp-type fragmentation-needed` (IPv6: `packet-too-big`) before ICMP is denied, or accept RELATED',
      'first.',
    ),
    suppress: 'Where every link has the same MTU, or `TCPMSS` clamps every connection.',
  },
  kernel: ['net/ipv4/icmp.c:icmp_unreach', 'RFC 1191', 'RFC 2923'],
  bad: [
    {
      title: 'ICMP is dropped before RELATED is accepted',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p icmp -j DROP
#=== too big
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`,
      fixed: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p icmp -m icmp --icmp-type fragmentation-needed -j ACCEPT
-A INPUT -p icmp -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The echo request, and nothing else of ICMP',
      code: `*filter
:INPUT DROP [0:0]
#=== too big
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
-A INPUT -p tcp -m tcp --sport 443 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A router that thinks little of ICMP',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -p icmp -j REJECT --reject-with icmp-port-unreachable
#=== too big
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan0 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'In IPv6 nobody else cuts packets',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT
-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ACCEPT
-A INPUT -p ipv6-icmp -j DROP
#=== too big
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`,
      family: 'ipv6',
    },
    {
      title: 'A router that may not say so',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan0 -o ppp0 -j ACCEPT
-A OUTPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A OUTPUT -p icmp -j DROP
#=== this router
COMMIT
`,
      fixed: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan0 -o ppp0 -j ACCEPT
-A OUTPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A OUTPUT -p icmp -m icmp --icmp-type fragmentation-needed -j ACCEPT
-A OUTPUT -p icmp -j DROP
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Each service by NEW and ESTABLISHED, none by RELATED: established-without-related says it',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
-A INPUT -p udp -m udp --sport 53 -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A host that forwards nothing has nothing to say of the kind',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A OUTPUT -p icmp -j DROP
COMMIT
`,
    },
    {
      title: 'No ICMP at all: icmp-all-blocked says it',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'RELATED comes first',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j DROP
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The one message is let in',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p icmp -m icmp --icmp-type 3 -j ACCEPT
-A INPUT -p icmp -j DROP
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Nothing is accepted, so nothing hangs',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j DROP
COMMIT
`,
    },
    {
      title: 'ESTABLISHED without RELATED: established-without-related says it',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

const WAYS = ['INPUT', 'FORWARD', 'OUTPUT'] as const;

function check(context: LintContext): readonly Report[] {
  return WAYS.flatMap((way) => report(context, way) ?? []);
}

function report(context: LintContext, way: (typeof WAYS)[number]): Report | undefined {
  if (!canDeny(context, way)) return undefined;
  const errors = icmpOutcomes(context, way, 'RELATED', tooBig(context)) ?? [];
  const denial = denialOf(errors);
  if (denial === undefined || !isAllDenied(errors) || isForWantOfRelated(context, way)) return undefined;
  // Another lint rule's finding: nobody has thought of ICMP.
  if (way === 'INPUT' && shutIcmp(context)) return undefined;
  // Asked last: most rulesets let the message through, and all that every rule accepts is much.
  if (acceptedConnections(context, way === 'OUTPUT' ? 'FORWARD' : way).length === 0) return undefined;
  const span = decisionSpan(context.document, denial);
  const witness = way === 'OUTPUT' ? unsaidWitness(context) : errorWitness(context, way);
  if (span === undefined || witness === undefined) return undefined;
  const type = context.ruleset.family === 'ipv4' ? 'icmp-type fragmentation-needed' : 'icmpv6-type packet-too-big';
  const what =
    way === 'OUTPUT' ? 'the ICMP message by which this router says that a packet' : 'the ICMP message that a packet';
  const message = `${what} is too big is denied here, and large transfers hang: accept --${type} before.`;
  return { span, message, related: [], fixes: fixesFor(context, denial), witness };
}

/** Cheap: most chains either have no rule, or accept all. */
function canDeny({ ruleset }: LintContext, way: (typeof WAYS)[number]): boolean {
  const hasRules = (hook: string) => (findChain(ruleset, 'filter', hook)?.rules.length ?? 0) > 0;
  // What OUTPUT denies of a host that forwards nothing is its own.
  return hasRules(way) && (way !== 'OUTPUT' || hasRules('FORWARD'));
}

/** ESTABLISHED gets through, all of it or where rules ask for it, and RELATED does not: another lint rule's finding. */
function isForWantOfRelated(context: LintContext, way: (typeof WAYS)[number]): boolean {
  const related = outcomesOf(context, way, { protocol: points([PROTOCOL.udp]) }, 'RELATED') ?? [];
  const isMeant = (outcome: Outcome) =>
    isAnyAccepted([outcome]) &&
    (outcome.byPolicy || decidedBy(outcome, way).some(({ rule }) => asksFor(rule, 'RELATED')));
  const acceptsRelated = related.some(isMeant);
  const answers = outcomesOf(context, way, { protocol: points([PROTOCOL.tcp]) }, 'ESTABLISHED') ?? [];
  const waits = (outcome: Outcome) =>
    outcome.verdict === 'accept' && decidedBy(outcome, way).some(({ rule }) => asksFor(rule, 'ESTABLISHED'));
  const areAll = answers.length > 0 && answers.every(({ verdict }) => verdict === 'accept');
  return !acceptsRelated && (areAll || answers.some(waits));
}

function fixesFor({ document, ruleset: { family } }: LintContext, { path, hook }: Decision): readonly Fix[] {
  const [first] = path;
  const rule =
    family === 'ipv4'
      ? `-A ${hook} -p icmp -m icmp --icmp-type fragmentation-needed -j ACCEPT`
      : `-A ${hook} -p ipv6-icmp -m icmp6 --icmpv6-type packet-too-big -j ACCEPT`;
  const edit = first && lineBefore(document, first, rule);
  if (edit === undefined) return [];
  const of = { protocols: ['icmp', 'ipv6-icmp'] };
  return [{ title: 'Accept the message before', edits: [edit], safe: false, scope: { kind: 'packets', of } }];
}
