/**
 * Routing: the local table that addresses make, the tables that `ip route` fills, and the policy rules that choose
 * between them.
 *
 * @kernel net/ipv4/fib_frontend.c, net/ipv4/fib_rules.c, net/ipv4/route.c:ip_route_input_slow
 */
import type { KernelProfile } from '../kernel';
import {
  ADDRESS_BITS,
  type Address,
  type AddressMask,
  addressPoint,
  type Family,
  familyOf,
  inNetwork,
  maskAddress,
  parseAddress,
  prefixLength,
  prefixMask,
} from '../net/address';
import type { Interface } from './host';
import { RouteTable } from './route-table';

export type RouteType =
  | 'local'
  | 'broadcast'
  | 'multicast'
  | 'unicast'
  | 'blackhole'
  | 'unreachable'
  | 'prohibit'
  | 'throw';

export interface Route {
  readonly type: RouteType;
  readonly network: AddressMask;
  readonly device?: string;
  readonly gateway?: Address;
  /** `src`: the address that the host speaks from on this route. */
  readonly preferredSource?: Address;
  readonly metric: number;
  /** The address of an IPv6 network itself, which its routers answer for (RFC 4291 §2.6.1). */
  readonly isAnycast?: true;
}

interface PolicyRule {
  readonly priority: number;
  readonly inverted: boolean;
  readonly from?: AddressMask;
  readonly to?: AddressMask;
  readonly mark?: { readonly value: number; readonly mask: number };
  readonly inDevice?: string;
  readonly outDevice?: string;
  readonly table: string;
  readonly action: 'lookup' | 'blackhole' | 'unreachable' | 'prohibit';
}

export interface Routes {
  readonly tables: ReadonlyMap<string, RouteTable>;
  readonly rules: readonly (PolicyRule & { readonly routes: RouteTable | undefined })[];
  /** Whether there are rules besides the three that every host has. */
  readonly hasPolicy: boolean;
}

/** The device that packets of this route leave by: lo, where they stay on the host. */
export function routeDevice({ type, device }: Route): string | undefined {
  return type === 'local' ? 'lo' : device;
}

/** What a route is looked up for. */
export interface RouteKey {
  readonly dst: Address;
  readonly src?: Address;
  readonly mark?: number;
  readonly inDevice?: string;
  readonly outDevice?: string;
}

/** @throws Error when a line of `routes` or `policy` cannot be read; the message quotes it. */
export function buildRoutes(
  interfaces: readonly Interface[],
  routes: readonly string[],
  policy: readonly string[],
  family: Family,
  isRouter: boolean,
): Routes {
  const tables = new Map<string, Route[]>([
    ['local', [...localRoutes(interfaces), ...(isRouter && family === 'ipv6' ? anycastRoutes(interfaces) : [])]],
    ['main', connectedRoutes(interfaces)],
  ]);
  for (const line of routes) {
    const { table, route } = readRoute(line, family, tables.get('main') ?? []);
    tables.set(table, [...(tables.get(table) ?? []), route]);
  }
  const asked = policy.map((line, index) => readPolicyRule(line, family, FIRST_FREE_PRIORITY - index));
  const rules = [
    rule(0, 'local'),
    ...asked,
    rule(FIRST_FREE_PRIORITY + 1, 'main'),
    rule(FIRST_FREE_PRIORITY + 2, 'default'),
  ];
  const sorted = new Map([...tables].map(([name, held]) => [name, new RouteTable(held)]));
  return {
    tables: sorted,
    rules: rules.sort((a, b) => a.priority - b.priority).map((one) => ({ ...one, routes: sorted.get(one.table) })),
    hasPolicy: asked.length > 0,
  };
}

/** `ip rule add` without a priority goes before all that are there: 32765, 32764, … */
const FIRST_FREE_PRIORITY = 32_765;

function rule(priority: number, table: string): PolicyRule {
  return { priority, inverted: false, table, action: 'lookup' };
}

/** The route for a packet, or undefined where there is none. */
export function findRoute(routes: Routes, key: RouteKey): Route | undefined {
  const dst = addressPoint(key.dst);
  for (const policyRule of routes.rules) {
    if (ruleApplies(policyRule, key) === policyRule.inverted) continue;
    if (policyRule.action !== 'lookup') return { type: policyRule.action, network: ANYWHERE, metric: 0 };
    const found = policyRule.routes?.find(dst, key.outDevice);
    if (found && found.type !== 'throw') return found;
  }
  return undefined;
}

const ANYWHERE: AddressMask = { address: '0.0.0.0', mask: '0.0.0.0' };

function ruleApplies(policyRule: PolicyRule, key: RouteKey): boolean {
  const { from, to, mark, inDevice, outDevice } = policyRule;
  return (
    (from === undefined || (key.src !== undefined && inNetwork(key.src, from))) &&
    (to === undefined || inNetwork(key.dst, to)) &&
    (mark === undefined || ((key.mark ?? 0) & mark.mask) >>> 0 === mark.value) &&
    (inDevice === undefined || inDevice === key.inDevice) &&
    (outDevice === undefined || outDevice === key.outDevice)
  );
}

function localRoutes(interfaces: readonly Interface[]): Route[] {
  return interfaces.flatMap(({ name, addresses }) =>
    addresses.flatMap(({ address, network, broadcast }): Route[] => {
      const local: Route = {
        type: 'local',
        network: name === 'lo' ? network : hostNetwork(address),
        device: name,
        preferredSource: address,
        metric: 0,
      };
      if (broadcast === undefined) return [local];
      return [
        local,
        { type: 'broadcast', network: hostNetwork(broadcast), device: name, preferredSource: address, metric: 0 },
      ];
    }),
  );
}

/** @kernel net/ipv6/addrconf.c:addrconf_join_anycast */
function anycastRoutes(interfaces: readonly Interface[]): Route[] {
  return interfaces.flatMap(({ name, addresses }) =>
    addresses
      .filter(({ network }) => name !== 'lo' && (prefixLength(network.mask) ?? 0) < ADDRESS_BITS.ipv6 - 1)
      .map(
        ({ network }): Route => ({
          type: 'local',
          isAnycast: true,
          network: hostNetwork(network.address),
          device: name,
          metric: 0,
        }),
      ),
  );
}

function connectedRoutes(interfaces: readonly Interface[]): Route[] {
  return interfaces.flatMap(({ name, addresses }) =>
    addresses
      .filter(({ network }) => name !== 'lo' && prefixLength(network.mask) !== ADDRESS_BITS[familyOf(network.address)])
      .map(
        ({ address, network }): Route => ({
          type: 'unicast',
          network,
          device: name,
          // In IPv6 the source is chosen for each destination.
          ...(familyOf(address) === 'ipv4' ? { preferredSource: address } : {}),
          metric: 0,
        }),
      ),
  );
}

function hostNetwork(address: Address): AddressMask {
  const family = familyOf(address);
  return { address, mask: prefixMask(ADDRESS_BITS[family], family) };
}

const ROUTE_TYPES: ReadonlySet<string> = new Set<RouteType>([
  'local',
  'broadcast',
  'multicast',
  'unicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
]);

/** @throws Error */
function readRoute(
  line: string,
  family: Family,
  main: readonly Route[],
): { readonly table: string; readonly route: Route } {
  const words = line.trim().split(/\s+/);
  const type = ROUTE_TYPES.has(words[0] ?? '') ? (words.shift() as RouteType) : 'unicast';
  const network = readNetwork(words.shift() ?? '', family, line);
  const given = keywords(words, line);
  const gateway = given.get('via');
  const device = given.get('dev') ?? (gateway === undefined ? undefined : deviceTowards(gateway, main));
  const source = given.get('src');
  return {
    // ip-route(8): what is local goes to the table of that name.
    table: tableName(given.get('table') ?? (type === 'local' || type === 'broadcast' ? 'local' : 'main')),
    route: {
      type,
      network,
      metric: Number(given.get('metric') ?? 0),
      ...(device === undefined ? {} : { device }),
      ...(gateway === undefined ? {} : { gateway }),
      ...(source === undefined ? {} : { preferredSource: source }),
    },
  };
}

function deviceTowards(gateway: string, main: readonly Route[]): string | undefined {
  const address = parseAddress(gateway);
  return address === undefined ? undefined : new RouteTable(main).find(addressPoint(address), undefined)?.device;
}

/** @throws Error */
function readPolicyRule(line: string, family: Family, priority: number): PolicyRule {
  const words = line
    .trim()
    .split(/\s+/)
    .filter((word) => word !== 'add');
  const inverted = words[0] === 'not';
  const last = words.at(-1) ?? '';
  const action = last === 'blackhole' || last === 'unreachable' || last === 'prohibit' ? last : 'lookup';
  const given = keywords(words.slice(inverted ? 1 : 0, action === 'lookup' ? undefined : -1), line);
  const get = (...names: readonly string[]) =>
    names.map((name) => given.get(name)).find((value) => value !== undefined);
  const network = (name: string) =>
    given.has(name) && given.get(name) !== 'all' ? readNetwork(given.get(name) ?? '', family, line) : undefined;
  const [value, mask] = (given.get('fwmark') ?? '').split('/');
  const bits = mask === undefined || mask === '' ? 0xffffffff : Number(mask);
  const [from, to, inDevice, outDevice] = [network('from'), network('to'), get('iif', 'dev'), get('oif')];
  return {
    priority: Number(get('pref', 'preference', 'priority', 'prio', 'order') ?? priority),
    inverted,
    action,
    table: tableName(get('lookup', 'table') ?? 'main'),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(value ? { mark: { value: (Number(value) & bits) >>> 0, mask: bits } } : {}),
    ...(inDevice === undefined ? {} : { inDevice }),
    ...(outDevice === undefined ? {} : { outDevice }),
  };
}

const FLAG_WORDS: ReadonlySet<string> = new Set(['onlink', 'pervasive']);

/** `via A dev B` → a map. @throws Error when a keyword has no value. */
function keywords(words: readonly string[], line: string): ReadonlyMap<string, string> {
  const given = new Map<string, string>();
  const rest = words.filter((word) => !FLAG_WORDS.has(word));
  for (let index = 0; index < rest.length; index += 2) {
    const [name, value] = [rest[index], rest[index + 1]];
    if (name === undefined || value === undefined) throw new Error(`a value is missing in: ${line}`);
    given.set(name, value);
  }
  return given;
}

/** @throws Error */
function readNetwork(text: string, family: Family, line: string): AddressMask {
  if (text === 'default') {
    const any = family === 'ipv4' ? '0.0.0.0' : '::';
    return { address: any, mask: any };
  }
  const [addressText = '', lengthText] = text.split('/');
  const address = parseAddress(addressText);
  const length = lengthText === undefined ? ADDRESS_BITS[family] : Number(lengthText);
  if (address === undefined || !(length >= 0 && length <= ADDRESS_BITS[family]))
    throw new Error(`not a network in: ${line}`);
  const mask = prefixMask(length, family);
  return { address: maskAddress(address, mask), mask };
}

/** 255, 254 and 253 are local, main and default (/etc/iproute2/rt_tables). */
function tableName(text: string): string {
  return { '255': 'local', '254': 'main', '253': 'default' }[text] ?? text;
}

export function isMulticast(address: Address): boolean {
  const value = addressPoint(address);
  return typeof value === 'number' ? value >>> 28 === 0xe : address.startsWith('ff');
}

export function isLimitedBroadcast(address: Address): boolean {
  return address === '255.255.255.255';
}

export function isLoopback(address: Address): boolean {
  const value = addressPoint(address);
  return typeof value === 'number' ? value >>> 24 === 127 : address === '::1';
}

/** A host that does not know its address yet. @kernel include/linux/in.h:ipv4_is_zeronet */
export function isThisNetwork(address: Address, { zeroNetworkIsUnicast }: KernelProfile): boolean {
  const value = addressPoint(address);
  return typeof value === 'number' && (zeroNetworkIsUnicast ? value === 0 : value >>> 24 === 0);
}
