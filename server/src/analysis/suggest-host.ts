/**
 * A host for a ruleset to run on. A ruleset names interfaces and addresses without saying which belongs to which: what
 * its rules say together (`-i lan0 -s 192.168.10.0/24`) is taken as a clue, hints count before clues, and what remains
 * gets addresses that RFC 5737, RFC 3849 and RFC 1918 set aside.
 */
import { KERNEL_RELEASE } from '../../../src-sim/kernel';
import {
  ADDRESS_BITS,
  type Address,
  addressFromValue,
  addressValue,
  type Family,
  familyOf,
  inNetwork,
  maskAddress,
  prefixLength,
  prefixMask,
} from '../../../src-sim/net/address';
import type { Ruleset } from '../../../src-sim/netfilter/ruleset';
import type { HostDescription, InterfaceDescription } from '../../../src-sim/sim/scenario';
import type { Hints } from './hints';
import { type HostClue, hostClues } from './host-clues';

type Interfaces = Readonly<Record<string, InterfaceDescription>>;

/** Without `listen`: which ports are open depends on what the ruleset lets in (features/suggest-packets.ts). */
export function suggestHost(ruleset: Ruleset, hints: Hints): HostDescription {
  const known = hints.host;
  const clues = hostClues(ruleset);
  const forwards = forwardingMatters(ruleset, clues, hints);
  const names = interfaceNames(clues, known.interfaces ?? {}, forwards);
  const outer = outerInterface(names, clues);
  const interfaces = suggestInterfaces(names, outer, clues, ruleset.family, known.interfaces ?? {});
  const gateway = gatewayOf(interfaces[outer], ruleset.family);
  return {
    ...known,
    interfaces,
    routes: known.routes ?? (gateway === undefined ? [] : [`default via ${gateway} dev ${outer}`]),
    sysctl: { ...(forwards ? { [FORWARDING[ruleset.family]]: 1 } : {}), ...known.sysctl },
    kernel: known.kernel ?? KERNEL_RELEASE,
  };
}

/** The interface of the default route, as far as the rules tell. */
export function outerInterface(names: readonly string[], clues: readonly HostClue[]): string {
  const facing = clues.flatMap(({ faces, inside, outside }) => (faces === 'outer' ? [outside ?? inside ?? ''] : []));
  const named = names.find((name) => /wan|ppp|ext|inet|internet|pub|red|uplink/.test(name));
  return facing.find((name) => names.includes(name)) ?? named ?? names[0] ?? 'eth0';
}

const FORWARDING: Readonly<Record<Family, string>> = {
  ipv4: 'net.ipv4.ip_forward',
  ipv6: 'net.ipv6.conf.all.forwarding',
};

function forwardingMatters(ruleset: Ruleset, clues: readonly HostClue[], hints: Hints): boolean {
  const filter = ruleset.tables.find(({ name }) => name === 'filter');
  const forward = filter?.chains.find(({ name }) => name === 'FORWARD');
  const translates = clues.some(({ translation }) => translation !== undefined);
  return (forward?.rules.length ?? 0) > 0 || translates || hints.roles.includes('router');
}

const MOST_INTERFACES = 8;

function interfaceNames(clues: readonly HostClue[], known: Interfaces, forwards: boolean): readonly string[] {
  const ports = new Set(Object.values(known).flatMap((each) => each.ports ?? []));
  const named = clues.flatMap(({ inside, outside }) => [inside, outside]).filter((name) => name !== undefined);
  const all = [...new Set([...Object.keys(known), ...named])].filter((name) => name !== 'lo' && !ports.has(name));
  const names = all.slice(0, Math.max(MOST_INTERFACES, Object.keys(known).length));
  const wanted = forwards ? 2 : 1;
  const spare = ['eth0', 'eth1', 'eth2'].filter((name) => !names.includes(name));
  return [...names, ...spare.slice(0, Math.max(0, wanted - names.length))];
}

function suggestInterfaces(
  names: readonly string[],
  outer: string,
  clues: readonly HostClue[],
  family: Family,
  known: Interfaces,
): Interfaces {
  const taken = new Set(Object.values(known).flatMap(({ addresses = [] }) => addresses));
  const suggested: Record<string, InterfaceDescription> = {};
  for (const name of names) {
    const own = known[name] ?? {};
    const addresses = (own.addresses ?? []).filter((text) => familyOf(text.split('/')[0] ?? '') === family);
    const address = addresses.length > 0 ? undefined : freeAddress(name, name === outer, clues, family, taken);
    if (address !== undefined) taken.add(address);
    suggested[name] = {
      ...own,
      addresses: address === undefined ? (own.addresses ?? []) : [...(own.addresses ?? []), address],
    };
  }
  return suggested;
}

/** The first address that the rules speak for and that shares no subnet with another interface's. */
function freeAddress(
  name: string,
  isOuter: boolean,
  clues: readonly HostClue[],
  family: Family,
  taken: ReadonlySet<string>,
): string | undefined {
  const wishes = [...cluedAddresses(name, isOuter, clues), ...spareAddresses(isOuter, family)];
  return wishes.find((wish) => familyOf(wish) === family && [...taken].every((other) => !shareSubnet(wish, other)));
}

function cluedAddresses(name: string, isOuter: boolean, clues: readonly HostClue[]): readonly string[] {
  const onWire = clues.filter(({ inside, outside }) => inside === name || outside === name);
  const local = onWire.flatMap((clue) => clue.local ?? []);
  const networks = onWire.flatMap((clue) => [
    ...(clue.inside === name && clue.src ? [clue.src] : []),
    ...(clue.outside === name && clue.dst ? [clue.dst] : []),
  ]);
  // What is translated, or translated to, lies behind the interfaces that do not face the Internet.
  const behind = isOuter
    ? []
    : clues.flatMap((clue) => [clue.behind, clue.translation].filter((at) => at !== undefined));
  const anywhere = isOuter ? clues.filter((clue) => clue.inside === undefined).flatMap((clue) => clue.local ?? []) : [];
  const hosts = [...local, ...anywhere].map((address) => `${address}/${subnetLength(address)}`);
  return [...hosts, ...[...networks, ...behind].map(firstHost)];
}

function subnetLength(address: Address): number {
  return familyOf(address) === 'ipv4' ? 24 : 64;
}

/** The host that a network's router usually is: its first address. */
function firstHost(network: { readonly address: Address; readonly mask: Address }): string {
  const family = familyOf(network.address);
  const given = prefixLength(network.mask) ?? subnetLength(network.address);
  const length = given >= ADDRESS_BITS[family] - 1 ? subnetLength(network.address) : given;
  const base = addressValue(maskAddress(network.address, prefixMask(length, family)));
  const first = addressFromValue(base + 1n, family);
  return `${first === network.address ? addressFromValue(base + 2n, family) : first}/${length}`;
}

function spareAddresses(isOuter: boolean, family: Family): readonly string[] {
  const numbers = Array.from({ length: 40 }, (_, number) => number);
  if (family === 'ipv6') {
    return [...(isOuter ? ['2001:db8:203::1/64'] : []), ...numbers.map((number) => `2001:db8:${number + 1}::1/64`)];
  }
  return [...(isOuter ? ['203.0.113.1/24'] : []), ...numbers.map((number) => `10.0.${number}.1/24`)];
}

function shareSubnet(a: string, b: string): boolean {
  const [one = '', oneLength] = a.split('/');
  const [two = '', twoLength] = b.split('/');
  const family = familyOf(one);
  if (family !== familyOf(two)) return false;
  const length = Math.min(Number(oneLength), Number(twoLength));
  return inNetwork(one, { address: two, mask: prefixMask(length, family) });
}

/** The last host of the interface's subnet: a router that is not this host. */
function gatewayOf(description: InterfaceDescription | undefined, family: Family): Address | undefined {
  const [address = '', length] = description?.addresses?.find((text) => familyOf(text) === family)?.split('/') ?? [];
  const bits = ADDRESS_BITS[family];
  if (length === undefined || Number(length) > bits - 2) return undefined;
  const size = 1n << BigInt(Math.min(8, bits - Number(length)));
  const value = addressValue(address);
  const last = value - (value % size) + size - 2n;
  return addressFromValue(last === value ? last - 1n : last, family);
}
