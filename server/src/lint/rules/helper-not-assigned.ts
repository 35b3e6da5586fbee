import { holds, type IntervalSet, interval } from '../../../../src-sim/net/interval-set';
import { PROTOCOL } from '../../../../src-sim/net/protocol';
import type { Rule } from '../../../../src-sim/netfilter/ruleset';
import { type Box, intersectBoxes } from '../../analysis/packet-set';
import { points } from '../../analysis/packet-space';
import { effectOf, packetsOfPath, type RuleRef } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import { denierText } from '../established';
import type { Witness } from '../finding';
import { TCP_FLOW } from '../flow-shapes';
import { flowWitness } from '../flow-witness';
import { suffersAs } from '../harm';
import { decidedBy, isAcceptedByRule, isDeniedByDefault, mayDenyByDefault, outcomesOf } from '../outcomes';
import { ordinaryTraffic } from '../outside';
import { pickPacket } from '../pick-packet';
import { firstInRaw, ruleSpan } from '../places';
import { asksFor } from '../state-words';
import { hasTarget, rulesOf } from '../table-rules';
import type { WayName } from '../way';
import { fateOf, scenarioPacket } from '../witness';

export const helperNotAssigned = defineRule({
  code: 'helper-not-assigned',
  title: 'RELATED waits for a helper that nobody assigned',
  severity: 'warning',
  group: 'helper',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'A rule lets FTP (port 21) or PPTP (1723) begin, RELATED is accepted, the rest denied, and no `CT --helper` reads these',
      'connections along.',
    ),
    why: paragraphs(
      'The connection for the data is announced inside the first one. Conntrack knows it, and calls it RELATED, only where a',
      'helper reads along. Helpers were assigned by port until Linux 4.7 switched that off; since 6.0 only `-j CT --helper`',
      'does it. Without it the data connection is NEW, and is denied: a login works, a listing hangs.',
    ),
    instead: '`-t raw -A PREROUTING -p tcp --dport 21 -j CT --helper ftp`; or accept the passive ports of the server.',
    suppress: 'Where the control connection is encrypted: no helper can read it.',
  },
  kernel: ['net/netfilter/nf_conntrack_helper.c:__nf_ct_try_assign_helper', 'net/netfilter/xt_CT.c:xt_ct_set_helper'],
  bad: [
    {
      title: 'FTP through a router',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A FORWARD -p tcp -m tcp --dport 21 -m conntrack --ctstate NEW -j ACCEPT
#=== ftp
COMMIT
`,
      fixed: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A FORWARD -p tcp -m tcp --dport 21 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
    },
    {
      title: 'A server, among other services',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m multiport --dports 20,21,22,80 -j ACCEPT
#=== ftp
-A INPUT -j REJECT --reject-with icmp-host-prohibited
COMMIT
`,
    },
    {
      title: 'PPTP, whose data is GRE',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:lan-out - [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan0 -j lan-out
-A lan-out -p tcp -m multiport --dports 80,443,1723 -j ACCEPT
#=== pptp
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The helper is assigned',
      code: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A FORWARD -p tcp -m tcp --dport 21 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The passive ports are open',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 21 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 40000:40100 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'SFTP is SSH; and everything may leave',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A FORWARD -i lan0 -o wan0 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

/** Services whose connections announce others. */
interface Announcing {
  readonly helper: string;
  readonly port: number;
  /** What the announced packets have in common. */
  readonly data: Box;
  /** A range of ports that is opened for them makes the helper needless. */
  readonly alternative?: IntervalSet;
}

const ANNOUNCING: readonly Announcing[] = [
  {
    helper: 'ftp',
    port: 21,
    data: { ...TCP_FLOW.opening, dport: interval(49_152, 61_000) },
    alternative: interval(1024, 65_536),
  },
  { helper: 'pptp', port: 1723, data: { protocol: points([PROTOCOL.gre]) } },
];

/** A rule with a longer list, or a range, does not mean this service. */
const MOST_PORTS = 20;

function check(context: LintContext): readonly Report[] {
  if (!rulesOf(context.ruleset, 'filter').some(({ rule }) => asksFor(rule, 'RELATED'))) return [];
  const reports = new Map<string, Report>();
  for (const way of ['INPUT', 'FORWARD'] as const) {
    if (!mayDenyByDefault(context, way)) continue;
    for (const service of ANNOUNCING.filter(({ helper }) => !isAssigned(context, helper))) {
      const found = report(context, way, service);
      if (found) reports.set(`${found.span.start}`, found);
    }
  }
  return [...reports.values()];
}

function isAssigned({ ruleset }: LintContext, helper: string): boolean {
  return rulesOf(ruleset, 'raw').some(
    ({ rule: { target } }) => target.kind === 'target' && target.options.helper?.value === helper,
  );
}

function report(context: LintContext, way: WayName, service: Announcing): Report | undefined {
  const { helper, port, data, alternative } = service;
  if (!rulesOf(context.ruleset, 'filter').some(({ rule }) => mayName(rule, port))) return undefined;
  const opened = (outcomesOf(context, way, TCP_FLOW.opening, 'NEW') ?? []).filter(isAcceptedByRule);
  const control = opened.find((outcome) => names(outcome.box.dport, port));
  const letting = control && decidedBy(control, way).at(-1);
  if (control === undefined || letting === undefined || !namesPort(context, letting, port)) return undefined;
  if (alternative && opened.some(({ box }) => isRange(box.dport, alternative))) return undefined;
  const others = outcomesOf(context, way, data, 'NEW', context.walker()) ?? [];
  for (const denied of others.filter((outcome) => isDeniedByDefault(outcome, way))) {
    const witness = announced(context, way, control.box, denied.box, port);
    if (witness === undefined || !suffersAs(context.ruleset, witness, 'NEW')) continue;
    const rule = `-A PREROUTING -p tcp -m tcp --dport ${port} -j CT --helper ${helper}`;
    const edit = firstInRaw(context.document, rule);
    return {
      span: ruleSpan(context.document, letting),
      message: [
        `${nameOf(letting)} lets ${helper} begin, but nobody reads it along: its data connection is NEW, not RELATED, and`,
        `${denierText(denied, way)}. Assign the helper: -j CT --helper ${helper} in raw.`,
      ].join(' '),
      related: [],
      fixes: edit ? [{ title: `Assign the helper ${helper}`, edits: [edit], safe: false }] : [],
      // It shows the loss; that the helper mends it, only packets with FTP's words in them would.
      witness: { ...witness, rule: { table: 'filter', chain: letting.chain, number: letting.number } },
    };
  }
  return undefined;
}

function names(set: IntervalSet | undefined, port: number): boolean {
  return set !== undefined && holds(set, port);
}

/** Cheap: most rulesets say nothing of the port, and what all their rules open need not be known. */
function mayName({ matches }: Rule, port: number): boolean {
  return matches.some(({ options: { dport, dports, ports } }) => {
    if (dport === undefined) return dports !== undefined || ports !== undefined;
    const { value, inverted } = dport;
    if (inverted || typeof value !== 'object' || value === null || !('min' in value)) return true;
    return Number(value.min) <= port && port <= Number(value.max);
  });
}

function namesPort(context: LintContext, ref: RuleRef, port: number): boolean {
  if (!hasTarget(ref, 'ACCEPT') || effectOf(ref.rule.target)?.kind !== 'accept') return false;
  return packetsOfPath(context.walker(), [ref], {}).some(({ box: { dport } }) => {
    const size = (dport ?? []).reduce((sum, { start, end }) => sum + Number(end) - Number(start), 0);
    return names(dport, port) && size <= MOST_PORTS;
  });
}

/** Several high ports in a row: somebody opened the passive ones. */
function isRange(dport: IntervalSet | undefined, within: IntervalSet): boolean {
  const [least, most] = [Number(within[0]?.start), Number(within[0]?.end)];
  if (dport === undefined) return true;
  return dport.some(({ start, end }) => {
    const size = Math.min(Number(end), most) - Math.max(Number(start), least);
    return size > 3;
  });
}

/** The control connection, and the data connection of the same client. */
function announced(context: LintContext, way: WayName, control: Box, data: Box, port: number): Witness | undefined {
  const walker = context.walker();
  const { in: inside, out, src, dst } = data;
  const ends = Object.fromEntries(Object.entries({ in: inside, out, src, dst }).filter(([, set]) => set)) as Box;
  const wanted = intersectBoxes(control, { ...ends, dport: points([port]) });
  const box = wanted && (way === 'FORWARD' ? ordinaryTraffic(walker, wanted) : wanted);
  const opening = box && pickPacket(walker.space, box, way);
  const other = pickPacket(walker.space, data, way);
  if (opening === undefined || other === undefined) return undefined;
  const flow = flowWitness(opening, way, context.hints, 'next');
  const { src: from, dst: to, in: device, out: behind } = opening;
  const packet = scenarioPacket({ ...other, src: from, dst: to, in: device, out: behind }, way);
  const begins = fateOf(context.ruleset, { ...flow, victim: 0 })?.isAccepted;
  return begins ? { ...flow, packets: [...flow.packets, packet], victim: flow.packets.length } : undefined;
}
