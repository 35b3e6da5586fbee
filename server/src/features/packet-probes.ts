/** Packets as boxes to ask a ruleset about: from where such packets probably come, to where they probably go. */
import {
  ADDRESS_BITS,
  type Address,
  type Family,
  familyOf,
  parseAddress,
  prefixMask,
} from '../../../src-sim/net/address';
import { addressRange, networkRange } from '../../../src-sim/net/address-interval';
import { type IntervalSet, intersect, interval, intervalSet, subtract } from '../../../src-sim/net/interval-set';
import { PROTOCOL } from '../../../src-sim/net/protocol';
import type { HostDescription } from '../../../src-sim/sim/scenario';
import type { Box } from '../analysis/packet-set';
import { points, type Space } from '../analysis/packet-space';
import type { WayName } from '../lint/way';

/** The first packet of something, by its protocol. */
export interface Probe {
  readonly name: 'tcp' | 'udp' | 'ping';
  readonly box: Box;
  /** What is asked for first, where the ruleset leaves the choice. */
  readonly usual: Box;
}

const SYN = 2;
const DNS = 53;
const ECHO_REQUEST = 8 << 8;

/** IPv6's ICMP is another protocol, with another number for the same question. */
export function probesFor(space: Space): readonly Probe[] {
  const ping =
    space.family === 'ipv4'
      ? { protocol: points([PROTOCOL.icmp]), icmp: points([ECHO_REQUEST]) }
      : { protocol: points([PROTOCOL.icmpv6]), icmp: points([128 << 8]) };
  return [
    { name: 'tcp', box: { protocol: points([PROTOCOL.tcp]), tcpFlags: points([SYN]) }, usual: {} },
    { name: 'udp', box: { protocol: points([PROTOCOL.udp]) }, usual: { dport: points([DNS]) } },
    { name: 'ping', box: ping, usual: {} },
  ];
}

/** The ends that a packet of this way probably has, best first. */
export function probableEnds(space: Space, host: HostDescription, way: WayName): readonly Box[] {
  const { outer, names } = interfacesOf(host);
  const device = (name: string): IntervalSet => points([space.interfaces.indexOf(name)].filter((index) => index >= 0));
  const behind = (name: string): IntervalSet => hostsBehind(space, host, name, name === outer);
  const known = (name: string): IntervalSet =>
    name === outer ? intersect(behind(name), documentation(space)) : behind(name);
  const own = (name: string): IntervalSet => addressSet(addressesOf(host, name, space));
  switch (way) {
    case 'INPUT':
      return [known, behind].flatMap((far) =>
        names.map((name) => ({ in: device(name), src: far(name), dst: own(name) })),
      );
    case 'OUTPUT':
      return [known, behind].flatMap((far) =>
        names.map((name) => ({ out: device(name), src: own(name), dst: far(name) })),
      );
    case 'FORWARD':
      return [known, behind].flatMap((far) =>
        pairs(names, outer).map(([from, to]) => ({ in: device(from), out: device(to), src: far(from), dst: far(to) })),
      );
  }
}

interface InterfaceNames {
  /** That of the default route; the first where there is none. */
  readonly outer: string;
  /** The outer one first. */
  readonly names: readonly string[];
}

export function interfacesOf(host: HostDescription): InterfaceNames {
  const names = Object.keys(host.interfaces ?? {});
  const device = host.routes
    ?.map((route) => /^default\b.*\bdev (\S+)/.exec(route)?.[1])
    .find((name) => name !== undefined);
  const outer = device ?? names[0] ?? '';
  return { outer, names: [...names.filter((name) => name === outer), ...names.filter((name) => name !== outer)] };
}

export function addressesOf(
  host: HostDescription,
  name: string,
  { family }: Pick<Space, 'family'>,
): readonly Address[] {
  return subnetsOf(host, name)
    .map(([address]) => parseAddress(address ?? ''))
    .filter((address) => address !== undefined)
    .filter((address) => familyOf(address) === family);
}

/** From the inside to the Internet first, then back, then between the inner networks. */
function pairs(names: readonly string[], outer: string): readonly (readonly [string, string])[] {
  const inner = names.filter((name) => name !== outer);
  const between = inner.flatMap((from) => inner.filter((to) => to !== from).map((to) => [from, to] as const));
  return [...inner.map((name) => [name, outer] as const), ...inner.map((name) => [outer, name] as const), ...between];
}

/** Routers and other gear have a network's first addresses. */
const FIRST_HOST = 9n;

/** Hosts that are reached by an interface: those of its subnets; by the outer one everybody else. */
function hostsBehind(space: Space, host: HostDescription, name: string, isOuter: boolean): IntervalSet {
  const subnets = (of: string): IntervalSet =>
    intervalSet(subnetsOf(host, of).flatMap((subnet) => subnetRange(space, subnet)));
  if (!isOuter) return subnets(name).flatMap(({ start, end }) => hostPart(start, end, space));
  const all = intervalSet(interfacesOf(host).names.flatMap(subnets));
  return subtract(space.domains.src, all);
}

/** Addresses that RFC 5737 and RFC 3849 set aside for examples. */
const DOCUMENTATION: Readonly<Record<Family, readonly (readonly string[])[]>> = {
  ipv4: [
    ['192.0.2.0', '24'],
    ['198.51.100.0', '24'],
    ['203.0.113.0', '24'],
  ],
  ipv6: [['2001:db8::', '32']],
};

function documentation(space: Space): IntervalSet {
  return DOCUMENTATION[space.family].flatMap((subnet) => subnetRange(space, subnet));
}

function hostPart(start: number | bigint, end: number | bigint, { family }: Space): IntervalSet {
  const from = BigInt(start) + FIRST_HOST;
  const to = BigInt(end) - 1n;
  if (to - from < 2n) return interval(start, end);
  return family === 'ipv4' ? interval(Number(from), Number(to)) : interval(from, to);
}

function subnetsOf(host: HostDescription, name: string): readonly (readonly string[])[] {
  return (host.interfaces?.[name]?.addresses ?? []).map((text) => text.split('/'));
}

function subnetRange({ family }: Space, [address = '', length = '']: readonly string[]): IntervalSet {
  const parsed = parseAddress(address);
  const bits = Number(length);
  if (parsed === undefined || familyOf(parsed) !== family || !(bits >= 0 && bits <= ADDRESS_BITS[family])) return [];
  return networkRange({ address: parsed, mask: prefixMask(bits, family) }, family) ?? [];
}

function addressSet(addresses: readonly Address[]): IntervalSet {
  return intervalSet(addresses.flatMap((address) => addressRange(address, address)));
}
