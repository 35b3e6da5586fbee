import type { Family } from '../../../../src-sim/net/address';
import { type IntervalSet, intersect, isSubset, overlaps, subtract } from '../../../../src-sim/net/interval-set';
import { createDocument, type Document } from '../../analysis/document';
import { intersectBoxes } from '../../analysis/packet-set';
import { points } from '../../analysis/packet-space';
import { decisionIn } from '../../analysis/set-walk';
import { defineRule, type LintContext, paragraphs, type Report } from '../define';
import type { Harm, Witness } from '../finding';
import { suffers } from '../harm';
import { type OpenPorts, type PortProtocol, portsForStrangers } from '../open-ports';
import { isDenied, type Outcome } from '../outcomes';
import { pickPacket } from '../pick-packet';
import { policySpan, ruleSpan } from '../places';
import { numberOf, sysctlsOf } from '../sysctl-beside';
import { hostFor, scenarioPacket } from '../witness';

const CLOSED_V6 = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
COMMIT
`;
const CLOSED_V4 = CLOSED_V6.replace('ipv6-icmp', 'icmp');
const OPEN_V6 = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n';
const V4: Document = createDocument(CLOSED_V4, { family: 'ipv4', fileName: 'rules.v4' });

export const v6Gap = defineRule({
  code: 'v6-gap',
  title: 'One address family is open, the other is not',
  severity: 'warning',
  group: 'ipv6',
  proof: 'packets',
  docs: {
    what: paragraphs(
      'The ruleset of the other address family stands beside this one (`rules.v6` beside `rules.v4`) and judges strangers',
      'otherwise: it denies by default where this one accepts everything; or, as information, it lets everybody begin',
      'connections to a port that this one denies to everybody.',
    ),
    why: paragraphs(
      'The two families are filtered by different tables, and most hosts have addresses of both. What is closed over IPv4',
      'and forgotten over IPv6 is open to whoever knows the address; a service that is open over one only is slow or',
      'absent for those who try the other first.',
    ),
    instead: 'Write every rule for both families, with `ipv6-icmp` for `icmp`, and neighbour discovery accepted.',
    suppress: paragraphs(
      'Where a service is meant for one family. Silent where `net.ipv6.conf.all.disable_ipv6 = 1` stands beside it, and',
      'where one of the two lets nobody in at all.',
    ),
  },
  kernel: ['net/ipv6/netfilter/ip6table_filter.c:ip6table_filter_table_init'],
  bad: [
    {
      title: 'IPv6 was forgotten: every port is open over it',
      code: `*filter
:INPUT ACCEPT [0:0]
#=== IPv4 denies by default
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`,
      family: 'ipv6',
      beside: { twin: V4 },
    },
    {
      title: 'The web server was opened for IPv4 alone',
      code: `*filter
:INPUT DROP [0:0]
#=== tcp port 443
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      family: 'ipv6',
      beside: { twin: V4 },
    },
  ],
  good: [
    { title: 'Both the same', code: CLOSED_V6, family: 'ipv6', beside: { twin: V4 } },
    {
      title: 'IPv6 is off',
      code: OPEN_V6,
      family: 'ipv6',
      beside: { twin: V4, sysctl: 'net.ipv6.conf.all.disable_ipv6 = 1\n' },
    },
    {
      title: 'Nobody is let in over IPv6, and that is meant',
      code: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
COMMIT
`,
      family: 'ipv6',
      beside: { twin: V4 },
    },
    {
      title: 'Its own networks only',
      code: CLOSED_V6.replace(
        '-A INPUT -p tcp -m tcp --dport 443',
        '-A INPUT -s 2001:db8::/32 -p tcp -m tcp --dport 443',
      ),
      family: 'ipv6',
      beside: { twin: V4 },
    },
  ],
  on: { ruleset: check },
});

/** How many ports must be denied for somebody to deny by default. */
const MOST_PORTS = 32_768;

/** DHCP has ports of its own in each family. */
const OF_ONE_FAMILY = points([67, 68, 546, 547]);

function check(context: LintContext): readonly Report[] {
  const other = context.twin();
  if (other === undefined || !judgesInput(context) || !judgesInput(other) || isIpv6Off(context)) return [];
  return (['tcp', 'udp'] as const).flatMap((protocol) => {
    const here = portsForStrangers(context, protocol);
    const there = portsForStrangers(other, protocol);
    if (here === undefined || there === undefined) return [];
    return openHere(context, other, protocol, here, there) ?? deniedHere(context, other, protocol, here, there) ?? [];
  });
}

/** Everything is accepted here, and nearly everything denied there. One finding will do: that of TCP. */
function openHere(
  context: LintContext,
  other: LintContext,
  protocol: PortProtocol,
  here: OpenPorts,
  there: OpenPorts,
): readonly Report[] | undefined {
  if (protocol !== 'tcp' || sizeOf(there.denied) < MOST_PORTS || !isSubset(there.denied, here.open)) return undefined;
  const outcome = here.outcomes.find(
    ({ box, certain }) => certain && overlaps(box.dport ?? there.denied, there.denied),
  );
  const name = NAMES[other.document.tree.family];
  const message = `everybody may come in over ${NAMES[context.document.tree.family]}, by every port: ${name} denies by default (${fileOf(other)}). Write the same rules for both.`;
  return report(context, other, protocol, { outcome, ports: there.denied, harm: 'accepted', message });
}

/** A port that everybody may reach there, and nobody here. */
function deniedHere(
  context: LintContext,
  other: LintContext,
  protocol: PortProtocol,
  here: OpenPorts,
  there: OpenPorts,
): readonly Report[] | undefined {
  const ports = subtract(intersect(there.open, here.denied), OF_ONE_FAMILY);
  const isMeant = here.open.length === 0 || sizeOf(there.open) >= MOST_PORTS;
  if (isMeant || ports.length === 0) return undefined;
  const outcome = here.outcomes.find((one) => one.certain && isDenied(one) && overlaps(one.box.dport ?? ports, ports));
  const names = `${protocol} port${sizeOf(ports) === 1 ? '' : 's'} ${portText(ports)}`;
  const message = `${names}: open to everybody over ${NAMES[other.document.tree.family]} (${fileOf(other)}), denied over ${NAMES[context.document.tree.family]}.`;
  return report(context, other, protocol, { outcome, ports, harm: 'denied', message })?.map((one) => ({
    ...one,
    severity: 'information',
  }));
}

interface Gap {
  readonly outcome: Outcome | undefined;
  readonly ports: IntervalSet;
  readonly harm: Harm;
  readonly message: string;
}

/** The same in both families: only where the simulator finds it so in both is it told. */
function report(
  context: LintContext,
  other: LintContext,
  protocol: PortProtocol,
  { outcome, ports, harm, message }: Gap,
): readonly Report[] | undefined {
  const witness = outcome && witnessFor(context, outcome, ports, harm);
  const port = witness?.packets[0]?.dport;
  if (outcome === undefined || witness === undefined || port === undefined) return undefined;
  const opposite = portsForStrangers(other, protocol)?.outcomes.map((one) =>
    witnessFor(other, one, points([port]), harm === 'denied' ? 'accepted' : 'denied'),
  );
  const isProven =
    suffers(context.ruleset, witness) && opposite?.some((one) => one !== undefined && suffers(other.ruleset, one));
  const decision = decisionIn(outcome.group, 'filter', 'INPUT');
  const last = decision?.path.at(-1);
  const span = last ? ruleSpan(context.document, last) : decision && policySpan(context.document, decision);
  return isProven && span ? [{ span, message, related: [], fixes: [], witness }] : undefined;
}

function witnessFor(context: LintContext, { box }: Outcome, ports: IntervalSet, harm: Harm): Witness | undefined {
  const some = intersectBoxes(box, { dport: ports });
  const packet = some && pickPacket(context.walker().space, some, 'INPUT');
  if (packet === undefined) return undefined;
  const host = hostFor(packet, 'INPUT', context.hints);
  return { host, packets: [scenarioPacket(packet, 'INPUT')], victim: 0, harm };
}

const NAMES: Readonly<Record<Family, string>> = { ipv4: 'IPv4', ipv6: 'IPv6' };

/** A part of a ruleset, as ufw's user.rules, has no policy to compare. */
function judgesInput({ ruleset }: LintContext): boolean {
  const chains = ruleset.tables.find(({ name }) => name === 'filter')?.chains ?? [];
  return chains.some(({ name, policy }) => name === 'INPUT' && policy !== undefined);
}

function isIpv6Off(context: LintContext): boolean {
  const sysctls = sysctlsOf(context);
  return ['all', 'default'].some((name) => numberOf(sysctls, `net.ipv6.conf.${name}.disable_ipv6`) === 1);
}

function fileOf({ document }: LintContext): string {
  return document.options.fileName ?? 'the other file';
}

function sizeOf(set: IntervalSet): number {
  return set.reduce((sum, { start, end }) => sum + Number(end) - Number(start), 0);
}

function portText(set: IntervalSet): string {
  return set
    .map(({ start, end }) => (Number(end) - Number(start) === 1 ? `${start}` : `${start}-${Number(end) - 1}`))
    .join(', ');
}
