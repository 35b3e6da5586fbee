/**
 * What becomes of a packet that came in: delivered, forwarded, or neither.
 *
 * @kernel net/ipv4/route.c:ip_route_input_slow, net/ipv4/fib_frontend.c:fib_validate_source, net/ipv6/ip6_input.c:ip6_rcv_core
 */
import { type Address, addressFromValue, addressValue } from '../net/address';
import type { Packet } from '../net/packet';
import { FORWARDING, type Host, LOOPBACK } from './host';
import type { IcmpErrorKind } from './icmp-errors';
import {
  findRoute,
  isLimitedBroadcast,
  isLoopback,
  isMulticast,
  isThisNetwork,
  type Route,
  type RouteType,
} from './routing';

export type InputDecision =
  | { readonly kind: 'deliver' | 'forward'; readonly route: Route }
  /** `error`: what the sender is told, where it is told anything. */
  | {
      readonly kind: 'drop';
      readonly reason: string;
      readonly error?: IcmpErrorKind;
      /** An address that no such packet may have: there is not even a route that leads nowhere. */
      readonly isMartian?: true;
    };

export function decideInput(host: Host, packet: Packet, device: string, mark: number): InputDecision {
  const martian = martianReason(host, packet, device);
  if (martian) return { ...drop(martian), isMartian: true };
  const { src, dst } = packet;
  if (isLimitedBroadcast(dst)) return decideBroadcast(host, packet, device);
  if (isMulticast(dst)) return decideMulticast(host, packet, device);
  const outDevice = isOfItsLink(dst) && device !== LOOPBACK ? device : undefined;
  const route = findRoute(host.routes, { dst, src, mark, inDevice: device, ...(outDevice && { outDevice }) });
  const isLocal = route?.type === 'local' || route?.type === 'broadcast';
  // An IPv6 route that leads nowhere says so itself, before anybody asks whether the host forwards.
  const isAnswered = packet.family === 'ipv6' && (route === undefined || route.type in DEAD_ROUTES);
  if (!isLocal && !isAnswered && !forwards(host))
    return drop(`${dst} is not an address of this host, and it does not forward (${FORWARDING[host.family]}=0)`);
  if (route === undefined) return { ...drop(`there is no route to ${dst}`), error: 'no-route' };
  const dead = DEAD_ROUTES[route.type];
  if (dead) return { ...drop(`the route to ${dst} is ${route.type}`), ...dead };
  const spoofed =
    packet.family === 'ipv4' ? sourceProblem(host, packet, device, isLocal ? undefined : route.device) : undefined;
  if (spoofed) return { ...drop(spoofed), isMartian: true };
  return { kind: isLocal ? 'deliver' : 'forward', route };
}

/** Every link has such addresses of its own. @kernel net/ipv6/route.c:ip6_route_input_lookup (rt6_need_strict) */
function isOfItsLink(destination: Address): boolean {
  return /^fe[89ab]/.test(destination);
}

function drop(reason: string): InputDecision & { readonly kind: 'drop' } {
  return { kind: 'drop', reason };
}

function forwards(host: Host): boolean {
  return host.sysctl.get(FORWARDING[host.family]) !== 0;
}

/** Routes that lead nowhere, and what their senders are told. @kernel net/ipv4/route.c:ip_error, net/ipv6/route.c:ip6_pkt_drop */
const DEAD_ROUTES: Partial<Record<RouteType, { readonly error?: IcmpErrorKind }>> = {
  blackhole: {},
  unreachable: { error: 'unreachable-route' },
  prohibit: { error: 'prohibited' },
  throw: { error: 'no-route' },
};

/** Groups that every host has joined, and those that IPv6 routers have. */
const ALL_HOSTS: ReadonlySet<string> = new Set(['224.0.0.1', 'ff02::1', 'ff01::1']);
const ALL_ROUTERS: ReadonlySet<string> = new Set(['ff02::2', 'ff01::2', 'ff05::2']);

/** Whether the host listens to a group on a device. @kernel net/ipv6/mcast.c:ipv6_chk_mcast_addr, net/ipv6/addrconf.c */
export function hasJoined(host: Host, group: Address, device: string): boolean {
  if (ALL_HOSTS.has(group) || (ALL_ROUTERS.has(group) && forwards(host))) return true;
  const { addresses = [] } = host.interfaces.get(device) ?? {};
  return addresses.some(({ address }) => host.family === 'ipv6' && solicitedNodeGroup(address) === group);
}

/** RFC 4291 §2.7.1: who asks for an address's owner asks the hosts whose addresses end in the same 24 bits. */
function solicitedNodeGroup(address: Address): Address {
  const group = addressValue('ff02::1:ff00:0');
  return addressFromValue(group | (addressValue(address) & 0xff_ffffn), 'ipv6');
}

function decideMulticast(host: Host, packet: Packet, device: string): InputDecision {
  const { src, dst, family } = packet;
  if (!hasJoined(host, dst, device)) return drop(`nobody here has joined the group ${dst}`);
  const spoofed =
    family === 'ipv4' && !isThisNetwork(src, host.kernel) ? sourceProblem(host, packet, device) : undefined;
  if (spoofed) return { ...drop(spoofed), isMartian: true };
  return { kind: 'deliver', route: { type: 'multicast', network: { address: dst, mask: dst }, metric: 0 } };
}

/**
 * Why an IPv6 packet is dropped before any hook sees it; undefined: it is not.
 *
 * @kernel net/ipv6/ip6_input.c:ip6_rcv_core
 */
export function refusedOnArrival({ family, src, dst }: Packet, isOwn: boolean): string | undefined {
  if (family === 'ipv4') return undefined;
  if (isMulticast(src)) return `the source ${src} is not a host's address`;
  if (isOwn) return undefined;
  if (isLoopback(src) || isLoopback(dst)) return 'a loopback address came in from the wire';
  // RFC 4291 §2.7: groups of scope 0 are reserved, those of scope 1 never leave a host.
  return /^ff[0-9a-f][01]:/.test(dst) ? `the group ${dst} is not of any link` : undefined;
}

/** Addresses that no packet from the wire may carry. */
function martianReason({ kernel }: Host, { src, dst }: Packet, device: string): string | undefined {
  if (isMulticast(src) || isLimitedBroadcast(src)) return `the source ${src} is not a host's address`;
  if (isThisNetwork(src, kernel) && !isLimitedBroadcast(dst)) return `the source ${src} is not a host's address`;
  if (isThisNetwork(dst, kernel)) return `the destination ${dst} is not a host's address`;
  if (device !== LOOPBACK && (isLoopback(src) || isLoopback(dst))) return 'a loopback address came in from the wire';
  return undefined;
}

/** @param outDevice where the packet would be forwarded to */
function sourceProblem(host: Host, { src, dst }: Packet, device: string, outDevice?: string): string | undefined {
  if (device === LOOPBACK) return undefined;
  const filter = host.sysctl.forDevice(device, 'rp_filter');
  const back = findRoute(host.routes, { dst: src, src: dst, inDevice: outDevice ?? LOOPBACK });
  if (back?.type === 'local') {
    const acceptsOwn = host.sysctl.forDevice(device, 'accept_local') !== 0;
    return acceptsOwn ? undefined : `the source ${src} is an address of this host`;
  }
  // Without rp_filter and policy rules the kernel looks no further.
  if (filter === 0 && !host.routes.hasPolicy) return undefined;
  if (back === undefined || back.type in DEAD_ROUTES)
    return filter === 0 ? undefined : `rp_filter: there is no route back to ${src}`;
  if (back.type !== 'unicast') return `the way back to the source ${src} is ${back.type}`;
  if (filter === 1 && back.device !== device)
    return `rp_filter: the way back to ${src} is by ${back.device}, not ${device}`;
  return undefined;
}

function decideBroadcast(host: Host, packet: Packet, device: string): InputDecision {
  const { src, dst } = packet;
  const spoofed = isThisNetwork(src, host.kernel) ? undefined : sourceProblem(host, packet, device);
  if (spoofed) return { ...drop(spoofed), isMartian: true };
  return { kind: 'deliver', route: { type: 'broadcast', network: { address: dst, mask: dst }, metric: 0 } };
}
