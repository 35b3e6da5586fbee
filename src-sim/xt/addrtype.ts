import type { Address } from '../net/address';
import type { Given } from '../netfilter/ruleset';
import {
  type Choice,
  compare,
  defineMatch,
  fails,
  leaves,
  type MatchAnswer,
  option,
  same,
  saved,
  takes,
} from './define';
import type { Region, RegionCondition } from './region';
import { flag, keywords } from './value-types';
import type { AddressType, World } from './world';

type TypeWord = AddressType | 'THROW' | 'NAT' | 'XRESOLVE';

/** In the order in which iptables-save prints them. */
const TYPES: readonly Choice<TypeWord>[] = [
  { text: 'UNSPEC', summary: 'no type at all: in IPv6 the address ::' },
  { text: 'UNICAST', summary: 'any address that the routing table `local` does not name' },
  { text: 'LOCAL', summary: 'an address of this host' },
  { text: 'BROADCAST', summary: 'a broadcast address of a network of this host (IPv4)' },
  { text: 'ANYCAST', summary: 'an anycast address (IPv6)' },
  { text: 'MULTICAST', summary: '224.0.0.0/4, ff00::/8' },
  { text: 'BLACKHOLE', summary: 'routed into a black hole' },
  { text: 'UNREACHABLE', summary: 'without a route (IPv6)' },
  { text: 'PROHIBIT', summary: 'with a route that prohibits it' },
  { text: 'THROW', summary: 'never found' },
  { text: 'NAT', summary: 'never found' },
  { text: 'XRESOLVE', summary: 'never found' },
];

const typeList = keywords('list of address types', TYPES, { prefixes: true });

export const addrtype = defineMatch({
  name: 'addrtype',
  families: ['ipv4', 'ipv6'],
  summary: 'What kind of address the routing tables of this host take an address for.',
  details: [
    '`LOCAL` is every address of this host, so `-m addrtype --dst-type LOCAL` means "to this host" without naming it.',
    'In IPv4 any type of the list will do. In IPv6 the kernel asks for UNICAST, MULTICAST and UNSPEC each, and a',
    'local address is UNICAST too.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_addrtype.c:addrtype_mt_v1',
  anyOf: [['src-type', 'dst-type']],
  options: {
    'src-type': option(typeList, 'Type of the source address.', { invert: true }),
    'dst-type': option(typeList, 'Type of the destination address.', { invert: true }),
    'limit-iface-in': option(flag, 'Look at the interface only by which the packet came in.', {
      excludes: ['limit-iface-out'],
      hooks: ['PREROUTING', 'INPUT', 'FORWARD'],
    }),
    'limit-iface-out': option(flag, 'Look at the interface only by which the packet will leave.', {
      excludes: ['limit-iface-in'],
      hooks: ['FORWARD', 'OUTPUT', 'POSTROUTING'],
    }),
  },
  examples: [
    saved('-m addrtype --dst-type local,UNICAST', '-m addrtype --dst-type UNICAST,LOCAL'),
    saved('-m addrtype --dst-type LOC', '-m addrtype --dst-type LOCAL'),
    same('-m addrtype ! --src-type ANYCAST ! --dst-type LOCAL --limit-iface-in'),
    fails('-m addrtype --limit-iface-in', 'at least one'),
    fails('-m addrtype --dst-type FOO', 'none of'),
    fails('-m addrtype --dst-type LOCAL --limit-iface-out --limit-iface-in', 'excludes'),
    takes('-m addrtype --dst-type LOCAL', 'in eth0 udp 198.51.100.7:40000 > 203.0.113.1:53'),
    leaves('-m addrtype --dst-type LOCAL', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    takes('-m addrtype --dst-type BROADCAST', 'in eth0 udp 198.51.100.7:40000 > 203.0.113.255:53'),
    takes('-m addrtype ! --src-type MULTICAST', 'in eth0 udp 198.51.100.7:40000 > 203.0.113.1:53'),
  ],
  refuses(given, { family }) {
    if (family === 'ipv4') return undefined;
    const listed = [...(given['src-type']?.value ?? []), ...(given['dst-type']?.value ?? [])];
    const wrong = IPV4_ONLY.find((type) => listed.includes(type));
    return wrong === undefined ? undefined : `IPv6 has no address type ${wrong}`;
  },
  matches(packet, given, world) {
    const device = given['limit-iface-in'] ? world.inDevice : given['limit-iface-out'] ? world.outDevice : undefined;
    const { 'src-type': source, 'dst-type': destination } = given;
    const first = source ? compareType('src-type', source, packet.src, device, world) : true;
    if (first !== true || destination === undefined) return first;
    return compareType('dst-type', destination, packet.dst, device, world);
  },
  region(given): readonly Region[] {
    const limited = given['limit-iface-in'] ?? given['limit-iface-out'];
    const conditions = [...typeCondition('src', given['src-type']), ...typeCondition('dst', given['dst-type'])];
    // In IPv6 UNICAST takes local addresses as well.
    const isVague = limited !== undefined || asksUnicast(given['src-type']) || asksUnicast(given['dst-type']);
    return [{ conditions: isVague ? [] : conditions, exact: !isVague }];
  },
});

/** @kernel net/netfilter/xt_addrtype.c:addrtype_mt_checkentry_v1 */
const IPV4_ONLY: readonly TypeWord[] = ['BLACKHOLE', 'PROHIBIT', 'BROADCAST', 'THROW', 'NAT', 'XRESOLVE'];

function compareType(
  name: string,
  given: Given<readonly TypeWord[]>,
  address: Address,
  device: string | undefined,
  world: World,
): MatchAnswer {
  const found = world.addressType(address, device);
  const held = world.family === 'ipv4' ? hasWord(given.value, found) : holdsInIpv6(given.value, address, found);
  return compare(name, given, held, () => `${address} is ${found}`);
}

function hasWord(list: readonly string[], word: string): boolean {
  return list.includes(word);
}

/** Some words ask for what the address looks like, others for what the routes say. @kernel xt_addrtype.c:match_type6 */
function holdsInIpv6(wanted: readonly TypeWord[], address: Address, found: AddressType): boolean {
  const isMulticast = address.startsWith('ff');
  const isUnspecified = address === '::';
  if (wanted.includes('MULTICAST') && !isMulticast) return false;
  if (wanted.includes('UNICAST') && (isMulticast || isUnspecified)) return false;
  if (wanted.includes('UNSPEC') && !isUnspecified) return false;
  const routed = wanted.filter((type) => ROUTED_IPV6.includes(type));
  return routed.length === 0 || hasWord(routed, found);
}

const ROUTED_IPV6: readonly TypeWord[] = ['LOCAL', 'ANYCAST', 'UNREACHABLE'];

function asksUnicast(given: Given<readonly TypeWord[]> | undefined): boolean {
  return given?.value.includes('UNICAST') ?? false;
}

function typeCondition(
  field: 'src' | 'dst',
  given: Given<readonly TypeWord[]> | undefined,
): readonly RegionCondition[] {
  if (given === undefined) return [];
  const types = given.value.filter((type) => type !== 'THROW' && type !== 'NAT' && type !== 'XRESOLVE');
  return [{ kind: 'address-type', field, types, inverted: given.inverted }];
}
