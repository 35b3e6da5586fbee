/** The machine under test: its interfaces and addresses, routes, sysctls and listening sockets, from a scenario. */

import { KERNEL_RELEASE, type KernelProfile, kernelProfile } from '../kernel';
import {
  ADDRESS_BITS,
  type Address,
  type AddressMask,
  addressFromValue,
  addressPoint,
  addressValue,
  type Family,
  familyOf,
  maskAddress,
  parseAddress,
  prefixMask,
} from '../net/address';
import { PROTOCOL } from '../net/protocol';
import { buildRoutes, type Routes } from './routing';
import { Sysctl } from './sysctl';

export interface Interface {
  readonly name: string;
  readonly mac: string;
  /** The link-layer address of whoever is on the other end of the wire. */
  readonly peerMac: string;
  /** Bytes of the largest IP packet that it carries. */
  readonly mtu: number;
  /** Ports, where it is a bridge; in order. */
  readonly ports: readonly string[];
  /** The bridge that it is a port of. */
  readonly bridge: string | undefined;
  /** In order: the first of a subnet is its primary address. */
  readonly addresses: readonly InterfaceAddress[];
}

export interface InterfaceAddress {
  readonly address: Address;
  readonly network: AddressMask;
  /** The subnet's directed broadcast address (IPv4, prefixes up to /30). */
  readonly broadcast?: Address;
  /** Whether the address was given it (`ip address add … brd +`), as tools that configure networks do. */
  readonly isBroadcastSet: boolean;
}

export interface Host {
  readonly family: Family;
  readonly interfaces: ReadonlyMap<string, Interface>;
  readonly routes: Routes;
  readonly sysctl: Sysctl;
  readonly kernel: KernelProfile;
  /** `6 22`: protocol number and port of each listening socket. */
  readonly listening: ReadonlySet<string>;
  /** Those of them that take packets to foreign addresses too (IP_TRANSPARENT). */
  readonly transparent: ReadonlySet<string>;
}

/** What {@link buildHost} reads; HostDescription of a scenario fits. */
export interface HostSource {
  readonly interfaces?: {
    readonly [name: string]: {
      readonly addresses?: readonly string[];
      readonly mac?: string;
      readonly mtu?: number;
      readonly ports?: readonly string[];
    };
  };
  readonly routes?: readonly string[];
  readonly policy?: readonly string[];
  readonly sysctl?: { readonly [name: string]: number | string };
  readonly kernel?: string;
  readonly listen?: readonly string[];
}

export const LOOPBACK = 'lo';

/** The sysctl that makes a host a router. */
export const FORWARDING = { ipv4: 'net.ipv4.ip_forward', ipv6: 'net.ipv6.conf.all.forwarding' } as const;

const ETHERNET_MTU = 1500;
const LOOPBACK_MTU = 65_536;

/** @throws Error when an address, a route, a socket or the kernel's release cannot be read; the message says which. */
export function buildHost(source: HostSource, family: Family): Host {
  const described = withPorts(source.interfaces ?? {});
  const bridgeOf = new Map(described.flatMap(([name, { ports = [] }]) => ports.map((port) => [port, name])));
  const interfaces = new Map<string, Interface>([[LOOPBACK, loopback(family)]]);
  described.forEach(([name, { mac, mtu = ETHERNET_MTU, addresses = [], ports = [] }], index) => {
    const own = addresses.map(readInterfaceAddress).filter(({ address }) => familyOf(address) === family);
    const ownMac = mac ?? defaultMac(index);
    interfaces.set(name, {
      name,
      mac: ownMac,
      peerMac: peerMac(ownMac),
      mtu,
      ports,
      bridge: bridgeOf.get(name),
      addresses: own,
    });
  });
  const kernel = kernelProfile(source.kernel ?? KERNEL_RELEASE);
  const sysctl = new Sysctl(source.sysctl ?? {}, kernel.sysctlDefaults);
  const isRouter = sysctl.get(FORWARDING[family]) !== 0;
  return {
    family,
    interfaces,
    routes: buildRoutes([...interfaces.values()], source.routes ?? [], source.policy ?? [], family, isRouter),
    sysctl,
    kernel,
    listening: new Set((source.listen ?? []).map(readSocket)),
    transparent: new Set((source.listen ?? []).filter((text) => text.endsWith(TRANSPARENT)).map(readSocket)),
  };
}

/** Ports that are not described themselves come after all that are, sorted. */
type Described = NonNullable<HostSource['interfaces']>[string];

function withPorts(described: NonNullable<HostSource['interfaces']>): readonly (readonly [string, Described])[] {
  const ports = new Set(Object.values(described).flatMap((one) => one.ports ?? []));
  const others = [...ports].filter((name) => !Object.hasOwn(described, name)).sort();
  return [...Object.entries(described), ...others.map((name): [string, Described] => [name, {}])];
}

export function isListening(host: Host, protocol: number, port: number): boolean {
  return host.listening.has(`${protocol} ${port}`);
}

/** A transparent proxy, as TPROXY needs it: `tcp/3128 transparent`. */
export function isTransparent(host: Host, protocol: number, port: number): boolean {
  return host.transparent.has(`${protocol} ${port}`);
}

const TRANSPARENT = ' transparent';

/** The contract's link-layer address of the n-th interface. */
export function defaultMac(index: number): string {
  return `02:00:00:00:${index.toString(16).padStart(2, '0')}:01`;
}

function peerMac(mac: string): string {
  return mac.replace(/01$/, '02');
}

function loopback(family: Family): Interface {
  const address = family === 'ipv4' ? '127.0.0.1/8' : '::1/128';
  const mac = '00:00:00:00:00:00';
  return {
    name: LOOPBACK,
    mac,
    peerMac: mac,
    mtu: LOOPBACK_MTU,
    ports: [],
    bridge: undefined,
    addresses: [readInterfaceAddress(address)],
  };
}

/** @throws Error */
function readInterfaceAddress(text: string): InterfaceAddress {
  const [prefix = '', brd] = text.trim().split(/\s+/);
  const [addressText = '', lengthText] = prefix.split('/');
  const address = parseAddress(addressText);
  if (address === undefined || (brd !== undefined && brd !== 'brd')) throw new Error(`not an address: ${text}`);
  const family = familyOf(address);
  const length = lengthText === undefined ? ADDRESS_BITS[family] : Number(lengthText);
  if (!Number.isInteger(length) || length < 0 || length > ADDRESS_BITS[family])
    throw new Error(`not a prefix: ${text}`);
  const mask = prefixMask(length, family);
  const network = { address: maskAddress(address, mask), mask };
  if (family === 'ipv6' || length > 30 || address.startsWith('127.'))
    return { address, network, isBroadcastSet: false };
  const hostBits = (1n << BigInt(32 - length)) - 1n;
  const broadcast = addressFromValue(addressValue(network.address) | hostBits, family);
  return { address, network, broadcast, isBroadcastSet: brd !== undefined };
}

/** @throws Error */
function readSocket(text: string): string {
  const [, name, port] = /^(tcp|udp)\/(\d+)(?: transparent)?$/.exec(text) ?? [];
  if (name === undefined || port === undefined) throw new Error(`not a socket such as tcp/22: ${text}`);
  return `${PROTOCOL[name as 'tcp' | 'udp']} ${Number(port)}`;
}

/**
 * Whether the host may speak from an address: in IPv4 from its own alone, whatever else is delivered to it.
 *
 * @kernel net/ipv4/route.c:ip_route_output_key_hash_rcu, net/ipv4/devinet.c:__ip_dev_find
 */
export function maySpeakFrom(host: Host, address: Address): boolean {
  return host.family === 'ipv6' || isOwnAddress(host, address);
}

export function isOwnAddress({ routes }: Host, address: Address): boolean {
  return routes.tables.get('local')?.find(addressPoint(address), undefined)?.type === 'local';
}
