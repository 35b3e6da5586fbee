import { addressRange } from '../../../../src-sim/net/address-interval';
import { type IntervalSet, intervalSet, isSubset } from '../../../../src-sim/net/interval-set';
import { type Box, intersectBoxes } from '../../analysis/packet-set';
import { effectOf, packetsOfPath } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Fix, Severity, Witness } from '../finding';
import { TCP_FLOW } from '../flow-shapes';
import { lonePacket } from '../flow-witness';
import { suffers } from '../harm';
import { type NatRule, natRules, SOURCE_NAT } from '../nat-rules';
import { outsideNames } from '../outside';
import { pickPacket } from '../pick-packet';
import { lineOfRule, targetSpan } from '../places';
import { rulesOf } from '../table-rules';
import { startOf } from '../way';

export const masqueradeWithoutOutInterface = defineRule({
  code: 'masquerade-without-out-interface',
  title: 'Source NAT for everything that leaves, by whatever interface',
  severity: 'warning',
  group: 'nat',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'A MASQUERADE or SNAT says neither by which interface packets leave nor whose they are: a warning. With `-s NETWORK`',
      'alone, an information.',
    ),
    why: paragraphs(
      'Everything that leaves passes `POSTROUTING`: connections from outside to a server within, so that it sees the',
      "router's address in all its logs; loopback; frames of a bridge, where br_netfilter hands them to iptables.",
    ),
    instead: 'Say `-o WAN`; or `-s NETWORK ! -d NETWORK`.',
    suppress: 'Where the servers do not route back: then the router must stand in for all clients.',
  },
  kernel: ['net/netfilter/nf_nat_masquerade.c:nf_nat_masquerade_ipv4'],
  bad: [
    {
      title: 'Everything, in and out',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -j MASQUERADE
#              ^^^^^^^^^^^^^ everything
COMMIT
`,
    },
    {
      title: 'A RETURN for one network narrows nothing; another rule says which interface is meant',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:src-nat - [0:0]
-A POSTROUTING -s 10.1.0.0/16 -o wan0 -j SNAT --to-source 203.0.113.5
-A POSTROUTING -j src-nat
-A src-nat -d 10.0.0.0/8 -j RETURN
-A src-nat -j SNAT --to-source 203.0.113.6
#          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ everything
COMMIT
`,
      fixed: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:src-nat - [0:0]
-A POSTROUTING -s 10.1.0.0/16 -o wan0 -j SNAT --to-source 203.0.113.5
-A POSTROUTING -j src-nat
-A src-nat -d 10.0.0.0/8 -j RETURN
-A src-nat -o wan0 -j SNAT --to-source 203.0.113.6
COMMIT
`,
    },
    {
      title: 'One network, to wherever it goes: an information',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.8.0.0/24 -j MASQUERADE
#                             ^^^^^^^^^^^^^ by whatever interface
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'By one interface; and not to its own network',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
-A POSTROUTING -s 192.168.122.0/24 ! -d 192.168.122.0/24 -p tcp -j MASQUERADE --to-ports 1024-65535
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE
COMMIT
`,
    },
    {
      title: "kube-proxy's: what is marked",
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-POSTROUTING - [0:0]
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE
COMMIT
`,
    },
    {
      title: 'Private networks are spared, as ip-masq-agent does',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:IP-MASQ - [0:0]
-A POSTROUTING -m addrtype ! --dst-type LOCAL -j IP-MASQ
-A IP-MASQ -d 10.0.0.0/8 -j RETURN
-A IP-MASQ -d 172.16.0.0/12 -j RETURN
-A IP-MASQ -d 192.168.0.0/16 -j RETURN
-A IP-MASQ -j MASQUERADE
COMMIT
`,
    },
    {
      title: 'All interfaces but one have left before',
      code: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING ! -o wan0 -j RETURN
-A POSTROUTING -j MASQUERADE
-A POSTROUTING -m set --match-set nets dst -j MASQUERADE
COMMIT
`,
      beside: { ipsets: 'create nets hash:net\n' },
    },
  ],
  on: { ruleset: check },
});

function check(context: LintContext): readonly Report[] {
  const reports = new Map<number, Report>();
  for (const nat of natRules(context, SOURCE_NAT).filter(({ hook }) => hook === 'POSTROUTING')) {
    const { line } = nat.ref.rule;
    const severity = severityOf(nat);
    const witness = severity && !sparesPrivate(context, nat) ? rewritten(context, nat) : undefined;
    if (severity === undefined || witness === undefined || reports.has(line)) continue;
    const fix = withInterface(context, nat);
    const whose =
      severity === 'warning'
        ? 'everything that leaves, forwarded requests from outside and loopback too'
        : 'its network by whatever interface it leaves';
    reports.set(line, {
      severity,
      span: targetSpan(context.document, nat.ref),
      message: `${nameOf(nat.ref)} rewrites the source of ${whose}. Say by which interface: -o.`,
      related: [],
      fixes: fix ? [fix] : [],
      witness,
    });
  }
  return [...reports.values()];
}

/** Undefined where something narrows the rule, or nobody can say. */
function severityOf({ boxes, exact }: NatRule): Severity | undefined {
  const [box] = boxes;
  if (!exact || box === undefined || boxes.length !== 1) return undefined;
  const { src, dst, out, mark, srcType, dstType, in: inside } = box;
  if ([dst, out, mark, srcType, dstType, inside].some((set) => set !== undefined)) return undefined;
  return src === undefined ? 'warning' : 'information';
}

const PRIVATE = {
  ipv4: [
    ['10.0.0.0', '10.255.255.255'],
    ['172.16.0.0', '172.31.255.255'],
    ['192.168.0.0', '192.168.255.255'],
  ],
  ipv6: [['fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff']],
} as const;

/** Whether rules before it spare all private destinations. */
function sparesPrivate(context: LintContext, { path }: NatRule): boolean {
  const walker = context.walker();
  const spared = path.flatMap((ref) =>
    rulesOf(context.ruleset, 'nat', ref.chain)
      .slice(0, ref.number - 1)
      .filter(({ rule }) => ['return', 'accept'].includes(effectOf(rule.target)?.kind ?? ''))
      .flatMap((other) => packetsOfPath(walker, [other], {}))
      .flatMap(({ box, exact }) => (exact && isOnly(box, 'dst') ? (box.dst ?? []) : [])),
  );
  const all = intervalSet(PRIVATE[walker.space.family].flatMap(([from, to]) => addressRange(from, to)));
  return isSubset(all, intervalSet(spared));
}

function isOnly(box: Box, dimension: keyof Box): boolean {
  return Object.keys(box).every((one) => one === dimension);
}

/** A connection from outside that is handed on by an interface that nobody names. */
function rewritten(context: LintContext, nat: NatRule): Witness | undefined {
  const walker = context.walker();
  const { space } = walker;
  const nobodys: IntervalSet = [{ start: space.interfaces.length - 1, end: space.interfaces.length }];
  const start = intersectBoxes(startOf(space, 'FORWARD', context.hints), { ...TCP_FLOW.opening, out: nobodys });
  const [piece] = start ? packetsOfPath(walker, nat.path, start) : [];
  const packet = piece && pickPacket(space, piece.box, 'FORWARD');
  const witness = packet && lonePacket(packet, 'FORWARD', context.hints, 'rewritten');
  const isBridge = packet?.in === packet?.out;
  return witness && !isBridge && suffers(context.ruleset, witness) ? witness : lonelyHost(context, nat);
}

/** Where nothing is forwarded: what the host itself sends by that interface. */
function lonelyHost(context: LintContext, nat: NatRule): Witness | undefined {
  const walker = context.walker();
  const start = intersectBoxes(startOf(walker.space, 'FORWARD', context.hints), TCP_FLOW.opening);
  const [piece] = start ? packetsOfPath(walker, nat.path, start) : [];
  const packet = piece && pickPacket(walker.space, piece.box, 'FORWARD');
  const last = walker.space.interfaces.at(-1);
  if (packet === undefined || (walker.space.interfaces.length > 3 && packet.out !== last)) return undefined;
  const witness = lonePacket(packet, 'FORWARD', context.hints, 'rewritten');
  return suffers(context.ruleset, witness) ? witness : undefined;
}

/** Where the other rules leave no doubt which interface is meant. */
function withInterface(context: LintContext, { ref }: NatRule): Fix | undefined {
  const names = outsideNames(context.ruleset);
  const at = lineOfRule(context.document, ref)?.afterChain;
  if (names.length !== 1 || at === undefined) return undefined;
  const edits = [{ span: { start: at, end: at }, text: ` -o ${names[0]}` }];
  return { title: `By ${names[0]} only`, edits, safe: false, scope: { kind: 'packets', of: {} } };
}
