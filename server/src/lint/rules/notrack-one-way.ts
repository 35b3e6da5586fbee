import { isDirector } from '../../analysis/hints';
import { packetsOfPath, type Walker } from '../../analysis/rule-packets';
import { untrackAnswers } from '../accept-untracked';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { describeBox } from '../packet-words';
import { targetSpan } from '../places';
import {
  findHalfTracked,
  findUntrackedLosses,
  type HalfTracked,
  hasUntracking,
  isLikely,
  isOneWay,
} from '../untracked-flows';
import { lossReports } from '../untracked-report';
import { confirmHalf, confirmLoss } from '../untracked-witness';
import { MIRROR_WAY, mirrorBox, type WayName } from '../way';

export const notrackOneWay = defineRule({
  code: 'notrack-one-way',
  title: 'NOTRACK for one direction of a flow only',
  severity: 'warning',
  group: 'notrack',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'Packets are taken out of conntrack, and the answers to them are not: no rule of `raw` names the same protocol with',
      'addresses and ports exchanged. Answers that are denied because of it are told first.',
    ),
    why: paragraphs(
      'Conntrack then sees half a conversation. An answer over UDP is `NEW`, and makes an entry that never gets a reply;',
      'a SYN+ACK is `INVALID`, and what follows it is taken for a connection picked up in its middle. Rules that go by',
      'the state misjudge these packets, and the table fills with just the entries that `NOTRACK` was to spare.',
    ),
    instead: paragraphs(
      'Take both directions out of conntrack: what comes in to a local service in `PREROUTING` and its answers in',
      '`OUTPUT`; both directions of forwarded traffic in `PREROUTING`. Or neither.',
    ),
    suppress: 'Where nobody answers, and that is not to be seen by the port: telemetry, a mirror of traffic.',
  },
  kernel: [
    'net/netfilter/nf_conntrack_core.c:resolve_normal_ct',
    'net/netfilter/nf_conntrack_proto_tcp.c:tcp_new',
    'net/netfilter/xt_CT.c:notrack_tg',
  ],
  bad: [
    {
      title: 'A web server: the requests are un-tracked, the answers are not',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j CT --notrack
#                                      ^^^^^^^^^^^^^^^ as INVALID
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED,UNTRACKED -j ACCEPT
COMMIT
`,
      fixed: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j CT --notrack
-A OUTPUT -p tcp -m tcp --sport 80 -j CT --notrack
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED,UNTRACKED -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A name server behind a router: the port is right, the direction is not',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i wan0 -d 192.0.2.53/32 -p udp -m udp --dport 53 -j NOTRACK
#                                                               ^^^^^^^^^^ as NEW
-A OUTPUT -d 192.0.2.53/32 -p udp -m udp --dport 53 -j NOTRACK
#                                                   ^^^^^^^^^^ as NEW
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
COMMIT
`,
    },
    {
      title: 'The answers are un-tracked on their way out, the queries are not on their way in',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A OUTPUT -o eth0 -p udp -m udp --sport 53 -j CT --notrack
#                                          ^^^^^^^^^^^^^^^ raw:PREROUTING
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
COMMIT
`,
      fixed: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A OUTPUT -o eth0 -p udp -m udp --sport 53 -j CT --notrack
-A PREROUTING -i eth0 -p udp -m udp --dport 53 -j CT --notrack
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
COMMIT
`,
    },
    {
      title: 'Log messages are hardly ever answered: an information',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m multiport --dports 514,8125 -j NOTRACK
#                                                   ^^^^^^^^^^ tracked alone
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
COMMIT
`,
    },
    {
      title: 'One direction only: queries come in un-tracked, the answers are tracked alone and never leave',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i eth0 -p udp -m udp --dport 53 -j CT --notrack
#                                              ^^^^^^^^^^^^^^^ in raw:OUTPUT nothing does so for their answers
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -p udp -m udp --dport 53 -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
      fixed: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i eth0 -p udp -m udp --dport 53 -j CT --notrack
-A OUTPUT -o eth0 -p udp -m udp --sport 53 -j CT --notrack
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -p udp -m udp --dport 53 -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -o eth0 -p udp -m udp --sport 53 -m conntrack --ctstate UNTRACKED -j ACCEPT
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'Both directions, each in its chain',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -i eth0 -p udp -m udp --dport 53 -j CT --notrack
-A OUTPUT -p udp -m udp --sport 53 -j CT --notrack
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
COMMIT
`,
    },
    {
      title: 'Forwarded traffic passes PREROUTING in both directions, by other interfaces',
      code: `*raw
:PREROUTING ACCEPT [0:0]
-A PREROUTING -d 192.0.2.53/32 -i wan0 -p udp -m udp --dport 53 -j CT --notrack
-A PREROUTING -s 192.0.2.53/32 -i dmz0 -p udp -m udp --sport 53 -j CT --notrack
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate INVALID -j DROP
COMMIT
`,
    },
    {
      title: 'Answers to VXLAN have ports of their own',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 4789 -j NOTRACK
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate INVALID -j DROP
COMMIT
`,
    },
    {
      title: 'The packets are dropped anyway',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 23 -j NOTRACK
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 23 -j DROP
-A INPUT -m conntrack --ctstate INVALID -j DROP
COMMIT
`,
    },
    {
      title: 'A director in direct-routing mode: the answers take another way',
      code: `# chainwalk: role=lvs-director mode=dr vip=203.0.113.10
*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -d 203.0.113.10/32 -p tcp -m multiport --dports 80,443 -j CT --notrack
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -d 203.0.113.10/32 -p tcp -m conntrack --ctstate UNTRACKED -m multiport --dports 80,443 -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  if (!hasUntracking(context.ruleset) || context.hints.asymmetric) return [];
  const walker = context.walker();
  const lost = lossReports(context, 'alone').filter(({ loss }) => comesBack(context, MIRROR_WAY[loss.way]));
  const halves = new Map<string, HalfTracked[]>();
  for (const half of findHalfTracked(walker, context.hints).filter(({ way }) => comesBack(context, way))) {
    const key = keyOf(half);
    halves.set(key, [...(halves.get(key) ?? []), half]);
  }
  if (halves.size === 0 && lost.length === 0) return [];
  const told = whereOthersTell(context, walker);
  const losses = lost.filter(({ loss }) => !told.has(keyOf(loss)));
  for (const { loss } of lost) told.add(keyOf(loss));
  const misjudged = [...halves].flatMap(([key, group]) =>
    told.has(key) ? [] : (report(context, walker, group) ?? []),
  );
  const lines = new Set<number>();
  // One for a NOTRACK: what is forwarded and what is not suffers in the same way.
  return [...losses.map((one) => one.report), ...misjudged].filter(({ span: { start } }) => {
    return lines.size < lines.add(start).size;
  });
}

/** Behind an LVS director that does not translate, the real servers answer past it. */
function comesBack({ hints }: LintContext, way: WayName): boolean {
  return way !== 'INPUT' || !isDirector(hints) || (hints.mode !== 'dr' && hints.mode !== 'tun');
}

/** A NOTRACK, and whether what it takes is forwarded. */
function keyOf({ untrackedBy, way }: Pick<HalfTracked, 'untrackedBy' | 'way'>): string {
  return `${untrackedBy.at(-1)?.rule.line} ${way === 'FORWARD'}`;
}

/** Where the packets themselves are lost, `notrack-without-untracked` says so, and speaks of the answers: once is enough. */
function whereOthersTell({ hints }: LintContext, walker: Walker): Set<string> {
  const losses = findUntrackedLosses(walker, hints).filter((loss) => loss.kind === 'untracked' && isLikely(loss));
  return new Set(losses.filter((loss) => confirmLoss(walker, loss, hints) !== undefined).map(keyOf));
}

/** What is hardly ever answered is told last, and as an information. */
function report(context: LintContext, walker: Walker, found: readonly HalfTracked[]): Report | undefined {
  const isTelemetry = ({ openings }: HalfTracked) => isOneWay(openings);
  const halves = [...found.filter((half) => !isTelemetry(half)), ...found.filter(isTelemetry)];
  for (const half of halves) {
    const untrackedBy = half.untrackedBy.at(-1);
    const confirmed = confirmHalf(walker, half, context.hints);
    if (untrackedBy === undefined || confirmed === undefined) continue;
    const way = MIRROR_WAY[half.way];
    const fix = untrackAnswers(context, walker, { untrackedBy: half.untrackedBy, way }, confirmed.witness);
    const [path] = packetsOfPath(walker, half.untrackedBy, {});
    return {
      ...(isTelemetry(half) && { severity: 'information' as const }),
      span: targetSpan(context.document, untrackedBy),
      message: [
        `${nameOf(untrackedBy)} takes packets out of conntrack, but no rule of ${rawChain(way)} does so for their answers:`,
        `${describeBox(walker.space, mirrorBox(path?.box ?? {}))} is tracked alone, as ${confirmed.state}.`,
        'NOTRACK both directions, or neither.',
      ].join(' '),
      related: [],
      fixes: fix ? [fix] : [],
      witness: confirmed.witness,
    };
  }
  return undefined;
}

function rawChain(way: string): string {
  return way === 'OUTPUT' ? 'raw:OUTPUT' : 'raw:PREROUTING';
}
