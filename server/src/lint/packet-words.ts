/** Boxes in words: for people, and as the conditions of an iptables rule. */
import { addressFromValue, prefixLength } from '../../../src-sim/net/address';
import { type Interval, type IntervalSet, intersect, sameSet, subtract } from '../../../src-sim/net/interval-set';
import { hasPorts, PROTOCOL, protocolName } from '../../../src-sim/net/protocol';
import type { Box } from '../analysis/packet-set';
import { type Dimension, devices, interfacesLike, type Space } from '../analysis/packet-space';

/** A multiport list has this many slots, a range taking two. @kernel include/uapi/linux/netfilter/xt_multiport.h */
const MULTIPORT_SLOTS = 15;

/** "tcp to port 80", "udp from port 53 of 192.0.2.0/24", "every packet". */
export function describeBox(space: Space, box: Box): string {
  const protocol = soleMember(box.protocol);
  const parts = [
    protocol === undefined ? '' : protocolName(protocol),
    describeEnd(space, 'from', box.sport, box.src),
    describeEnd(space, 'to', box.dport, box.dst),
  ].filter((part) => part !== '');
  if (parts.length === 0) return 'everything';
  return protocol === undefined ? `packets ${parts.join(' ')}` : parts.join(' ');
}

/**
 * The conditions of a rule that takes exactly the box, state and mark apart, in iptables-save's words and order;
 * undefined where iptables has no words for it.
 */
export function printBox(space: Space, box: Box): readonly string[] | undefined {
  const parts = [
    printAddresses(space, 's', box.src),
    printAddresses(space, 'd', box.dst),
    printInterface(space, 'i', box.in),
    printInterface(space, 'o', box.out),
    printProtocol(box),
    printRange(space, 'src', box.src),
    printRange(space, 'dst', box.dst),
    printPorts(box),
    printIcmp(space, box),
  ];
  const known = parts.filter((part) => part !== undefined);
  const isWhole = box.tcpFlags === undefined && box.srcType === undefined && box.dstType === undefined;
  return isWhole && known.length === parts.length ? known.flat() : undefined;
}

function describeEnd(
  space: Space,
  word: string,
  ports: IntervalSet | undefined,
  addresses: IntervalSet | undefined,
): string {
  const port = ports === undefined ? '' : `port ${ports.map(portText).join(', ')}`;
  const network =
    addresses?.length === 1 ? (networkText(space, addresses) ?? 'some addresses') : addresses && 'some addresses';
  if (port === '' && network === undefined) return '';
  if (network === undefined) return `${word} ${port}`;
  return port === '' ? `${word} ${network}` : `${word} ${port} of ${network}`;
}

type Words = readonly string[] | undefined;

function printAddresses(space: Space, letter: 's' | 'd', set: IntervalSet | undefined): Words {
  if (set === undefined) return [];
  const network = networkText(space, set);
  if (network !== undefined) return [`-${letter}`, network];
  const others = subtract(space.domains.src, set);
  const excluded = networkText(space, others);
  if (excluded !== undefined) return ['!', `-${letter}`, excluded];
  return isRange(set) ? [] : undefined;
}

/** What is one range, but no network. */
function printRange(space: Space, end: 'src' | 'dst', set: IntervalSet | undefined): Words {
  const [only] = set ?? [];
  if (set === undefined || only === undefined || printAddresses(space, 's', set)?.length !== 0) return [];
  return ['-m', 'iprange', `--${end}-range`, `${pointText(space, only.start)}-${pointText(space, before(only.end))}`];
}

function isRange(set: IntervalSet): boolean {
  return set.length === 1;
}

function networkText(space: Space, set: IntervalSet): string | undefined {
  const [only] = set;
  if (only === undefined || set.length !== 1) return undefined;
  const size = BigInt(only.end) - BigInt(only.start);
  if ((size & (size - 1n)) !== 0n || BigInt(only.start) % size !== 0n) return undefined;
  const bits = space.family === 'ipv4' ? 32n : 128n;
  const length = prefixLength(addressFromValue((1n << bits) - size, space.family));
  return length === undefined ? undefined : `${pointText(space, only.start)}/${length}`;
}

function printInterface(space: Space, letter: 'i' | 'o', set: IntervalSet | undefined): Words {
  if (set === undefined) return [];
  const all = devices(space);
  const wanted = intersect(set, all);
  if (sameSet(wanted, all)) return [];
  for (const pattern of space.patterns) {
    const taken = intersect(interfacesLike(space, pattern), all);
    if (sameSet(wanted, taken)) return [`-${letter}`, pattern];
    if (sameSet(wanted, subtract(all, taken))) return ['!', `-${letter}`, pattern];
  }
  return undefined;
}

function printProtocol(box: Box): Words {
  if (box.protocol === undefined) return [];
  const protocol = soleMember(box.protocol);
  return protocol === undefined
    ? undefined
    : ['-p', protocol === PROTOCOL.icmpv6 ? 'ipv6-icmp' : protocolName(protocol)];
}

function printPorts(box: Box): Words {
  if (box.sport === undefined && box.dport === undefined) return [];
  const protocol = soleMember(box.protocol);
  if (protocol === undefined || !hasPorts(protocol)) return undefined;
  const single = [...printSinglePort('sport', box.sport), ...printSinglePort('dport', box.dport)];
  const several = [printMultiport('sports', box.sport), printMultiport('dports', box.dport)];
  if (several.includes(undefined)) return undefined;
  return [
    ...(single.length > 0 ? ['-m', protocolName(protocol), ...single] : []),
    ...several.flatMap((part) => part ?? []),
  ];
}

function printSinglePort(name: 'sport' | 'dport', set: IntervalSet | undefined): readonly string[] {
  const [only] = set ?? [];
  return only !== undefined && set?.length === 1 ? [`--${name}`, portText(only)] : [];
}

function printMultiport(name: 'sports' | 'dports', set: IntervalSet | undefined): Words {
  if (set === undefined || set.length === 1) return [];
  const slots = set.reduce((sum, { start, end }) => sum + (Number(end) - Number(start) === 1 ? 1 : 2), 0);
  return slots <= MULTIPORT_SLOTS ? ['-m', 'multiport', `--${name}`, set.map(portText).join(',')] : undefined;
}

function printIcmp(space: Space, box: Box): Words {
  const [only] = box.icmp ?? [];
  if (box.icmp === undefined) return [];
  if (only === undefined || box.icmp.length !== 1) return undefined;
  const [first, last] = [Number(only.start), Number(only.end) - 1];
  const flag = space.family === 'ipv4' ? ['-m', 'icmp', '--icmp-type'] : ['-m', 'icmp6', '--icmpv6-type'];
  if (first === last) return [...flag, `${first >> 8}/${first & 255}`];
  const isWholeType = first >> 8 === last >> 8 && (first & 255) === 0 && (last & 255) === 255;
  return isWholeType ? [...flag, String(first >> 8)] : undefined;
}

function soleMember(set: IntervalSet | undefined): number | undefined {
  const [only] = set ?? [];
  return only !== undefined && set?.length === 1 && Number(only.end) - Number(only.start) === 1
    ? Number(only.start)
    : undefined;
}

function portText({ start, end }: Interval): string {
  const last = Number(end) - 1;
  return Number(start) === last ? String(last) : `${start}:${last}`;
}

function pointText(space: Space, point: number | bigint): string {
  return addressFromValue(BigInt(point), space.family);
}

function before(point: number | bigint): bigint {
  return BigInt(point) - 1n;
}

/** Dimensions in which the box is narrower than its surroundings. */
export function narrowed(box: Box, surroundings: Box): Box {
  const entries = Object.entries(box) as [Dimension, IntervalSet][];
  return Object.fromEntries(entries.filter(([dimension, set]) => !sameSet(set, surroundings[dimension] ?? [])));
}
