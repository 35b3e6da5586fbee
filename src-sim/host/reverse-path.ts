/**
 * `-m rpfilter`: whether the answer to a packet would leave by the interface by which it came in.
 *
 * @kernel net/ipv4/netfilter/ipt_rpfilter.c:rpfilter_mt, net/ipv6/netfilter/ip6t_rpfilter.c:rpfilter_lookup_reverse6
 */
import type { Packet } from '../net/packet';
import { type Host, LOOPBACK } from './host';
import { findRoute, isLimitedBroadcast, isMulticast, type RouteKey } from './routing';

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
  const route = findRoute(host.routes, reverseKey(packet, device, choices));
  const isHere = loose || route?.device === device;
  if (route?.type === 'local') return acceptsLocal && (isHere || family === 'ipv6');
  return route?.type === 'unicast' && isHere;
}

function reverseKey({ src, dst, family }: Packet, device: string, { loose, mark }: ReversePathChoices): RouteKey {
  const isHost = !(isMulticast(dst) || isLimitedBroadcast(dst) || isUnspecified(dst));
  const key = { dst: src, mark, inDevice: LOOPBACK, ...(isHost ? { src: dst } : {}) };
  // IPv6 looks at the routes of the interface only, where it is bound to one.
  const isBound = family === 'ipv6' && (!loose || src.startsWith('fe80'));
  return isBound ? { ...key, outDevice: device } : key;
}

function isUnspecified(address: string): boolean {
  return address === '::' || address.startsWith('0.');
}
