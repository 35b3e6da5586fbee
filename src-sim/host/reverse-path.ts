/**
 * `-m rpfilter`: whether the answer to a packet would leave by the interface by which it came in.
 *
 * @kernel net/ipv4/netfilter/ipt_rpfilter.c:rpfilter_mt, net/ipv6/netfilter/ip6t_rpfilter.c:rpfilter_lookup_reverse6
 */
import type { Packet } from '../net/packet';
import { type Host, LOOPBACK } from './host';
import { findRoute, isLimitedBroadcast, isMulticast, type Route } from './routing';

export interface ReversePathChoices {
  /** Any interface will do. */
  readonly loose: boolean;
  /** Addresses of this host will do as sources. */
  readonly acceptsLocal: boolean;
  readonly mark: number;
}

/** @param device by which it came in; not the loopback */
export function reversePathHolds(host: Host, packet: Packet, device: string, choices: ReversePathChoices): boolean {
  const { src, dst, family } = packet;
  const { loose, acceptsLocal } = choices;
  if (isUnspecified(src) && (family === 'ipv6' || isLimitedBroadcast(dst) || dst.startsWith('224.0.0.'))) return true;
  const route = routeBack(host, packet, device, choices);
  const isHere = loose || route?.device === device;
  if (route?.type === 'local') return acceptsLocal && (isHere || family === 'ipv6');
  return route?.type === 'unicast' && isHere;
}

/** IPv6 prefers the interface among routes of one prefix, and wants it for link-local addresses. */
function routeBack(
  host: Host,
  { src, dst, family }: Packet,
  device: string,
  { loose, mark }: ReversePathChoices,
): Route | undefined {
  const isHost = !(isMulticast(dst) || isLimitedBroadcast(dst) || isUnspecified(dst));
  const key = { dst: src, mark, inDevice: LOOPBACK, ...(isHost ? { src: dst } : {}) };
  const isLinkLocal = family === 'ipv6' && src.startsWith('fe80');
  const found = isLinkLocal ? undefined : findRoute(host.routes, key);
  if (family === 'ipv4' || (loose && !isLinkLocal) || found?.device === device) return found;
  const here = findRoute(host.routes, { ...key, outDevice: device });
  const { address, mask } = found?.network ?? {};
  const isAsGood = here?.network.address === address && here?.network.mask === mask;
  return isLinkLocal || isAsGood ? here : found;
}

function isUnspecified(address: string): boolean {
  return address === '::' || address.startsWith('0.');
}
