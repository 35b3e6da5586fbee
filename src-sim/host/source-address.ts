/**
 * The address that a host speaks from where nothing says which: the next hop's neighbour in IPv4, the best match in
 * IPv6.
 *
 * @kernel net/ipv4/devinet.c:inet_select_addr, net/ipv6/addrconf.c:ipv6_dev_get_saddr
 */
import { type Address, type AddressMask, addressValue, inNetwork, prefixLength } from '../net/address';
import { type Host, type InterfaceAddress, LOOPBACK } from './host';
import { findRoute } from './routing';

/**
 * @param device by which it leaves
 * @param nextHop the neighbour that gets it
 * @param destination where it ends
 */
export function sourceAddress(host: Host, device: string, nextHop: Address, destination: Address): Address | undefined {
  return host.family === 'ipv4' ? ipv4Source(host, device, nextHop) : ipv6Source(host, device, destination);
}

/** What a packet of the host's own to `destination` has for its source. */
export function sourceTowards(host: Host, destination: Address): Address | undefined {
  const route = findRoute(host.routes, { dst: destination, inDevice: LOOPBACK });
  if (route?.device === undefined) return undefined;
  return route.preferredSource ?? sourceAddress(host, route.device, route.gateway ?? destination, destination);
}

/** Those of 127/8 have the scope of the host: what leaves by `lo` gets an address of another device. */
function ipv4Source(host: Host, device: string, nextHop: Address): Address | undefined {
  const usable = primaryAddresses(host, device).filter(({ address }) => !address.startsWith('127.'));
  const near = usable.find(({ network }) => inNetwork(nextHop, network)) ?? usable[0];
  if (near !== undefined) return near.address;
  const others = [...host.interfaces.keys()].filter((name) => name !== device);
  return others.flatMap((name) => primaryAddresses(host, name)).find(({ address }) => !address.startsWith('127.'))
    ?.address;
}

/** The first of each subnet. */
function primaryAddresses(host: Host, device: string): readonly InterfaceAddress[] {
  const all = host.interfaces.get(device)?.addresses ?? [];
  return all.filter(({ network }, at) => !all.slice(0, at).some((other) => isSame(other.network, network)));
}

function isSame(a: AddressMask, b: AddressMask): boolean {
  return a.address === b.address && a.mask === b.mask;
}

interface Candidate extends InterfaceAddress {
  readonly device: string;
}

/** RFC 6724 §5, without what no scenario has (home, deprecated and temporary addresses). */
function ipv6Source(host: Host, device: string, destination: Address): Address | undefined {
  const names = isOfLink(destination) ? [device] : [...host.interfaces.keys()];
  const candidates = names.flatMap((name) =>
    newestFirst(host.interfaces.get(name)?.addresses ?? []).map((one): Candidate => ({ ...one, device: name })),
  );
  const scored = candidates.map((candidate) => ({ candidate, score: scoreOf(candidate, device, destination) }));
  const best = scored.reduce<(typeof scored)[number] | undefined>(
    (top, one) => (top === undefined || isGreater(one.score, top.score) ? one : top),
    undefined,
  );
  return best?.candidate.address;
}

/** What counts first stands first. @kernel net/ipv6/addrconf.c:ipv6_get_saddr_eval */
function scoreOf({ address, network, device }: Candidate, outDevice: string, destination: Address): readonly number[] {
  const scope = scopeOf(address);
  return [
    address === destination ? 1 : 0,
    scope >= scopeOf(destination) ? -scope : scope - 128,
    device === outDevice ? 1 : 0,
    labelOf(address) === labelOf(destination) ? 1 : 0,
    Math.min(commonBits(address, destination), prefixLength(network.mask) ?? 0),
  ];
}

function isGreater(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((number, index) => number !== b[index]);
  return at !== -1 && (a[at] ?? 0) > (b[at] ?? 0);
}

/** A device's list begins with the address of the widest scope, and among equals with the one that came last. */
export function newestFirst(addresses: readonly InterfaceAddress[]): readonly InterfaceAddress[] {
  return [...addresses].reverse().sort((a, b) => scopeOf(b.address) - scopeOf(a.address));
}

const LINK_SCOPE = 2;
const SITE_SCOPE = 5;
const GLOBAL_SCOPE = 14;
const ADDRESS_BITS = 128n;

/** RFC 4291 §2.7, RFC 4007 §5. */
function scopeOf(address: Address): number {
  const value = addressValue(address);
  const first = Number(value >> 112n);
  if (first >>> 8 === 0xff) return first & 0xf;
  if (first >>> 6 === 0xfe80 >>> 6 || value === 1n) return LINK_SCOPE;
  return first >>> 6 === 0xfec0 >>> 6 ? SITE_SCOPE : GLOBAL_SCOPE;
}

function isOfLink(address: Address): boolean {
  return address.startsWith('ff') || scopeOf(address) <= LINK_SCOPE;
}

/** Prefixes with their labels, the longest first. @kernel net/ipv6/addrlabel.c:ip6addrlbl_init_table */
const LABELS: readonly (readonly [prefix: bigint, length: bigint, label: number])[] = [
  [1n, 128n, 0],
  [0xffffn << 32n, 96n, 4],
  [0n, 96n, 3],
  [0x2001_0000n << 96n, 32n, 6],
  [0x2001_0010n << 96n, 28n, 7],
  [0x2002n << 112n, 16n, 2],
  [0x3ffen << 112n, 16n, 12],
  [0xfec0n << 112n, 10n, 11],
  [0xfcn << 120n, 7n, 5],
];
const OTHER_LABEL = 1;

function labelOf(address: Address): number {
  const value = addressValue(address);
  const found = LABELS.find(([prefix, length]) => (value ^ prefix) >> (ADDRESS_BITS - length) === 0n);
  return found?.[2] ?? OTHER_LABEL;
}

function commonBits(a: Address, b: Address): number {
  const difference = addressValue(a) ^ addressValue(b);
  return difference === 0n ? 128 : 128 - difference.toString(2).length;
}
