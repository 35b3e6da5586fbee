import { isSubset, overlaps } from '../../../../src-sim/net/interval-set';
import { type Box, intersectBoxes } from '../../analysis/packet-set';
import { packetsOfPath, type RuleRef } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Witness } from '../finding';
import { flowShapes } from '../flow-shapes';
import { suffers } from '../harm';
import { DESTINATION_NAT, isLoopback, type NatRule, natRules, translatedBox } from '../nat-rules';
import { forwardedTo, keptHere } from '../nat-witness';
import { isDenied, isDeniedByDefault, mayDenyByDefault, outcomesOf } from '../outcomes';
import { ordinaryTraffic } from '../outside';
import { describeBox } from '../packet-words';
import { ruleSpan } from '../places';
import { hasTarget, rulesOf } from '../table-rules';
import { isLocalAddress, startOf, type WayName } from '../way';

export const filterMatchesPreNat = defineRule({
  code: 'filter-matches-pre-nat',
  title: 'The filter waits for packets as they were before DNAT',
  severity: 'warning',
  group: 'nat',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'A rule of INPUT or FORWARD accepts the original port or destination of packets that DNAT or REDIRECT rewrites, and',
      'nothing accepts them as they are then.',
    ),
    why: paragraphs(
      'DNAT is done in `PREROUTING`, before routing and before the table `filter`, which sees the new address and the new',
      'port. A rule for the old ones never matches such a packet.',
    ),
    instead: paragraphs(
      'Name the translated port and destination; or the original ones by what conntrack keeps of them:',
      '`-m conntrack --ctorigdstport 80 --ctdir ORIGINAL`.',
    ),
    suppress: 'Where the old port is served as well, and the new one not meant to be.',
  },
  kernel: ['include/uapi/linux/netfilter_ipv4.h:nf_ip_hook_priorities'],
  bad: [
    {
      title: 'Port 80 is redirected, and port 80 is accepted',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
#=== 8080
COMMIT
`,
    },
    {
      title: 'A forwarded port',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i wan0 -p tcp -m tcp --dport 2222 -j DNAT --to-destination 192.168.1.10:22
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:services - [0:0]
-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan0 -j ACCEPT
-A FORWARD -m state --state NEW -j services
-A FORWARD -j REJECT --reject-with icmp-port-unreachable
-A services -p tcp -m multiport --dports 2222,8443 -j ACCEPT
#=== port 22
COMMIT
`,
    },
    {
      title: 'The public address',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.5/32 -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.0.0.5
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -d 203.0.113.5/32 -p tcp -m tcp --dport 443 -j ACCEPT
#=== 10.0.0.5
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'The new port is accepted',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80,8080 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'The original port, as conntrack keeps it',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m conntrack --ctorigdstport 80 --ctdir ORIGINAL -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Only one interface is redirected',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i lan0 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 3128
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i wan0 -p tcp -m tcp --dport 80 -j ACCEPT
-A INPUT -i lan0 -p tcp -m tcp --dport 3128 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const reports = new Map<number, Report>();
  for (const nat of natRules(context, DESTINATION_NAT).filter(({ hook }) => hook === 'PREROUTING')) {
    const found = report(context, nat);
    if (found !== undefined && !reports.has(found.span.start)) reports.set(found.span.start, found);
  }
  return [...reports.values()];
}

/** Where the translated packets go. */
function wayOf({ hints }: LintContext, { addresses }: NatRule): WayName | undefined {
  if (addresses === undefined) return 'INPUT';
  if (isLoopback(addresses.min)) return undefined;
  return isLocalAddress(hints, addresses.min) ? 'INPUT' : 'FORWARD';
}

function report(context: LintContext, nat: NatRule): Report | undefined {
  const way = wayOf(context, nat);
  if (way === undefined || !mayDenyByDefault(context, way)) return undefined;
  const walker = context.walker();
  for (const { opening } of flowShapes(context.ruleset.family)) {
    const start = intersectBoxes(startOf(walker.space, 'INPUT', context.hints), opening);
    const [piece] = start ? packetsOfPath(walker, nat.path, start) : [];
    if (piece === undefined) continue;
    const waiting = waitingRule(context, nat, way, piece.box);
    if (waiting === undefined || !isDeniedAfterwards(context, nat, way, opening, piece.box)) continue;
    const witness = witnessFor(context, nat, way, piece.box);
    if (witness === undefined || !suffers(context.ruleset, witness)) continue;
    const own = nat.boxes[0] ?? {};
    return {
      span: ruleSpan(context.document, waiting),
      message: [
        `${nameOf(waiting)} waits for packets as they were before ${nameOf(nat.ref)}: here they are`,
        `${describeBox(walker.space, translatedBox(nat, own))} already, which no rule accepts. Name that.`,
      ].join(' '),
      related: [{ span: ruleSpan(context.document, nat.ref), message: 'rewrites the destination before' }],
      fixes: [],
      witness,
    };
  }
  return undefined;
}

/** A rule that accepts the packets as they came, by their port or address, and not as they are then. */
function waitingRule(context: LintContext, nat: NatRule, way: WayName, original: Box): RuleRef | undefined {
  const walker = context.walker();
  const { state: _, ...headers } = original;
  const after = translatedBox(nat, headers);
  const { out: __, srcType: ___, ...anyway } = after;
  const { out: ____, dstType: _____, srcType: ______, ...before } = headers;
  const others: readonly string[] = ['INPUT', 'FORWARD', 'OUTPUT'].filter((name) => name !== way);
  return rulesOf(context.ruleset, 'filter')
    .filter((ref) => hasTarget(ref, 'ACCEPT') && !others.includes(ref.chain))
    .find((ref) => {
      const own = packetsOfPath(walker, [ref], {});
      const namesOriginal = own.some(({ box }) => names(box, headers, after));
      return (
        namesOriginal &&
        packetsOfPath(walker, [ref], before).length > 0 &&
        packetsOfPath(walker, [ref], anyway).length === 0
      );
    });
}

/** Whether a rule names a port or an address that the translation changes. */
function names({ dport, dst }: Box, before: Box, after: Box): boolean {
  const isPort = dport !== undefined && before.dport !== undefined && overlaps(dport, before.dport);
  const isAddress = dst !== undefined && before.dst !== undefined && isSubset(dst, before.dst);
  const changesPort = isPort && after.dport !== undefined && !overlaps(dport, after.dport);
  return changesPort || (isAddress && after.dst !== undefined && !overlaps(dst, after.dst));
}

function isDeniedAfterwards(context: LintContext, nat: NatRule, way: WayName, opening: Box, original: Box): boolean {
  const { in: inside, src } = original;
  const { out: _, srcType: __, ...after } = translatedBox(nat, original);
  const shape = intersectBoxes({ ...after, ...(inside && { in: inside }), ...(src && { src }) }, opening);
  const { state: ___, mark: ____, ...headers } = shape ?? {};
  const walker = context.walker();
  const all = shape && outcomesOf(context, way, headers, 'NEW', walker);
  const outcomes = all?.filter(({ box }) => way === 'INPUT' || ordinaryTraffic(walker, box) !== undefined);
  if (outcomes === undefined || outcomes.length === 0) return false;
  const isShut = outcomes.every((outcome) => outcome.certain && isDenied(outcome));
  return isShut && outcomes.some((outcome) => isDeniedByDefault(outcome, way));
}

function witnessFor(context: LintContext, nat: NatRule, way: WayName, box: Box): Witness | undefined {
  const walker = context.walker();
  if (way === 'INPUT') return keptHere(walker, box, context.hints, 'denied', nat.ports?.min);
  return nat.addresses && forwardedTo(walker, box, nat.addresses.min, context.hints, 'denied');
}
