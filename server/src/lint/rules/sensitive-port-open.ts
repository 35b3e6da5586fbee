import { holds } from '../../../../src-sim/net/interval-set';
import { PROTOCOL } from '../../../../src-sim/net/protocol';
import { type Box, intersectBoxes } from '../../analysis/packet-set';
import { points, statesOf } from '../../analysis/packet-space';
import { effectOf, packetsOfPath, type RuleRef } from '../../analysis/rule-packets';
import { defineRule, type LintContext, nameOf, paragraphs, type Report } from '../define';
import type { Severity, Witness } from '../finding';
import { suffers } from '../harm';
import { pathsTo } from '../jump-path';
import { withSets } from '../known-sets';
import { pickPacket } from '../pick-packet';
import { ruleSpan } from '../places';
import { startOf } from '../way';
import { hostFor, scenarioPacket } from '../witness';

/** What listens there, and whether it asks for no password as it is installed, or is a known way in. */
const SENSITIVE: ReadonlyMap<number, { readonly name: string; readonly isOpen: boolean }> = new Map([
  [23, { name: 'Telnet', isOpen: true }],
  [111, { name: 'the RPC port mapper', isOpen: false }],
  [135, { name: 'Windows RPC', isOpen: false }],
  [139, { name: 'NetBIOS', isOpen: false }],
  [445, { name: 'SMB', isOpen: true }],
  [873, { name: 'rsync', isOpen: false }],
  [1433, { name: 'SQL Server', isOpen: false }],
  [1521, { name: 'an SQL database', isOpen: false }],
  [2049, { name: 'NFS', isOpen: false }],
  [2375, { name: "Docker's API without TLS", isOpen: true }],
  [2379, { name: 'etcd', isOpen: true }],
  [3306, { name: 'MySQL', isOpen: false }],
  [3389, { name: 'Remote Desktop', isOpen: false }],
  [5432, { name: 'PostgreSQL', isOpen: false }],
  [5900, { name: 'VNC', isOpen: false }],
  [5984, { name: 'CouchDB', isOpen: false }],
  [6379, { name: 'Redis', isOpen: true }],
  [9200, { name: 'Elasticsearch', isOpen: true }],
  [10250, { name: 'the kubelet', isOpen: true }],
  [11211, { name: 'memcached', isOpen: true }],
  [27017, { name: 'MongoDB', isOpen: true }],
]);

export const sensitivePortOpen = defineRule({
  code: 'sensitive-port-open',
  title: 'A port for insiders is open to everybody',
  severity: 'warning',
  group: 'order',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'A rule of INPUT opens, to every sender, a port on which databases, caches or management interfaces listen. A warning for',
      'those that ask for no password as they are installed (Redis, memcached, Elasticsearch, MongoDB, etcd, the kubelet,',
      "Docker's API), and for Telnet and SMB; an information for the others.",
    ),
    why: paragraphs(
      'Such ports are found within minutes, and mostly there is no good reason for the whole Internet to see them.',
    ),
    instead: 'Say who may connect (`-s`, `-i`, a set), or let the service listen on the loopback alone.',
    suppress: 'Where everybody is meant to connect.',
  },
  kernel: ['net/ipv4/netfilter/ip_tables.c:ipt_do_table'],
  bad: [
    {
      title: 'A cache for everybody',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 6379 -j ACCEPT
#=== opens port 6379 (Redis) to everybody
COMMIT
`,
    },
    {
      title: 'In a list',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:services - [0:0]
-A INPUT -j services
-A services -p tcp -m multiport --dports 80,443,3306 -m conntrack --ctstate NEW -j ACCEPT
#=== opens port 3306 (MySQL) to everybody
COMMIT
`,
    },
    {
      title: 'The port is asked for on the way',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:db - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 6379 -j db
-A db -m conntrack --ctstate NEW -j ACCEPT
#=== opens port 6379 (
COMMIT
`,
    },
  ],
  good: [
    {
      title: 'For one network, one interface, one set',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -s 192.168.1.0/24 -p tcp -m tcp --dport 6379 -j ACCEPT
-A INPUT -i lan0 -p tcp -m tcp --dport 5432 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 9200 -m set --match-set trusted src -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`,
      beside: { ipsets: 'create trusted hash:ip\n' },
    },
    {
      title: 'Who may not was turned away before',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT ! -s 192.168.1.0/24 -p tcp -m tcp --dport 6379 -j DROP
-A INPUT -p tcp -m tcp --dport 6379 -j ACCEPT
COMMIT
`,
    },
    {
      title: 'Everything is open: that is told elsewhere',
      code: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
    },
  ],
  on: { rule: check },
});

function check(ref: RuleRef, context: LintContext): readonly Report[] {
  if (ref.table !== 'filter' || effectOf(ref.rule.target)?.kind !== 'accept' || !isOfPorts(context, ref)) return [];
  const reach = context.reachOf(ref);
  if (reach.kind !== 'reached' || reach.sample.path[0]?.chain !== 'INPUT') return [];
  const walker = context.walker();
  const start = intersectBoxes(startOf(walker.space, 'INPUT', context.hints), {
    state: statesOf('NEW'),
    protocol: points([PROTOCOL.tcp]),
  });
  const pieces = start ? packetsOfPath(walker, reach.sample.path, start) : [];
  const open = pieces.filter(({ box, exact }) => exact && isForEverybody(box, start ?? {}));
  const ports = [...SENSITIVE.keys()].filter((port) => open.some(({ box }) => box.dport && holds(box.dport, port)));
  const [first] = ports.filter((port) => SENSITIVE.get(port)?.isOpen).concat(ports);
  const box = open.find((piece) => first !== undefined && piece.box.dport && holds(piece.box.dport, first))?.box;
  const witness = first === undefined || box === undefined ? undefined : findWitness(context, box, first);
  if (witness === undefined) return [];
  const names = ports.map((port) => `${port} (${SENSITIVE.get(port)?.name})`);
  const severity: Severity = ports.some((port) => SENSITIVE.get(port)?.isOpen) ? 'warning' : 'information';
  return [
    {
      severity,
      span: ruleSpan(context.document, ref),
      message: `${nameOf(ref)} opens port ${names.join(', ')} to everybody. Say who may connect, with -s or -i`,
      related: [],
      fixes: [],
      witness,
    },
  ];
}

/** By itself, or on the way to it. */
function isOfPorts({ ruleset }: LintContext, ref: RuleRef): boolean {
  return asksForPort(ref) || pathsTo(ruleset, ref).some((path) => path.some(asksForPort));
}

function asksForPort({ rule }: RuleRef): boolean {
  return rule.matches.some(({ options }) => options.dport !== undefined || options.dports !== undefined);
}

/** More ports than these at once are no service: a range for everything. */
const MOST_PORTS = 1000;

function isForEverybody(box: Box, start: Box): boolean {
  const count = (box.dport ?? []).reduce((sum, port) => sum + Number(port.end) - Number(port.start), 0);
  return box.src === start.src && box.in === start.in && box.sport === undefined && count <= MOST_PORTS;
}

function findWitness(context: LintContext, box: Box, port: number): Witness | undefined {
  const packet = pickPacket(context.walker().space, { ...box, dport: points([port]) }, 'INPUT');
  if (packet === undefined) return undefined;
  const host = withSets(context, hostFor(packet, 'INPUT', context.hints));
  const witness: Witness = { host, packets: [scenarioPacket(packet, 'INPUT')], victim: 0, harm: 'accepted' };
  return suffers(context.ruleset, witness) ? witness : undefined;
}
