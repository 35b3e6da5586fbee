/** The three ways through a host, and which packets can be on each. Loopback is no part of any question asked here. */
import { type Address, addressPoint, type Family, familyOf, parseAddress } from '../../../src-sim/net/address';
import { addressRange } from '../../../src-sim/net/address-interval';
import { holds, type IntervalSet, intersect, intervalSet, NOTHING, subtract } from '../../../src-sim/net/interval-set';
import type { Hook } from '../../../src-sim/netfilter/hook';
import type { Hints } from '../analysis/hints';
import type { Box } from '../analysis/packet-set';
import { addressTypesOf, devices, NO_DEVICE, type Space } from '../analysis/packet-space';

/** Named after the hook of the filter table that judges it. */
export type WayName = 'INPUT' | 'FORWARD' | 'OUTPUT';

export const WAY_HOOKS: Readonly<Record<WayName, readonly Hook[]>> = {
  INPUT: ['PREROUTING', 'INPUT'],
  FORWARD: ['PREROUTING', 'FORWARD', 'POSTROUTING'],
  OUTPUT: ['OUTPUT', 'POSTROUTING'],
};

/** The way of the answers. */
export const MIRROR_WAY: Readonly<Record<WayName, WayName>> = { INPUT: 'OUTPUT', FORWARD: 'FORWARD', OUTPUT: 'INPUT' };

/** Addresses of single hosts: no loopback, multicast, broadcast, or "this network". */
const UNICAST: Readonly<Record<Family, readonly (readonly [string, string])[]>> = {
  ipv4: [
    ['1.0.0.0', '126.255.255.255'],
    ['128.0.0.0', '223.255.255.255'],
  ],
  ipv6: [
    ['2000::', '3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ],
};

/** Every packet that may go this way, as far as the hints tell local addresses from others. */
export function startOf(space: Space, way: WayName, hints: Hints): Box {
  const unicast = intervalSet(UNICAST[space.family].flatMap(([from, to]) => addressRange(from, to)));
  const local = localAddresses(space.family, hints);
  const own = local.length === 0 ? unicast : intersect(unicast, local);
  const others = subtract(unicast, local);
  const device = devices(space);
  switch (way) {
    case 'INPUT':
      return { src: others, dst: own, in: device, out: NO_DEVICE, ...types('UNICAST', 'LOCAL') };
    case 'FORWARD':
      return { src: others, dst: others, in: device, out: device, ...types('UNICAST', 'UNICAST') };
    case 'OUTPUT':
      return { src: own, dst: others, in: NO_DEVICE, out: device, ...types('LOCAL', 'UNICAST') };
  }
}

/** The packets that answer these: ends and interfaces swapped. */
export function mirrorBox(box: Box): Box {
  const { src, dst, sport, dport, in: inside, out, srcType, dstType, ...rest } = box;
  return {
    ...rest,
    ...(src && { dst: src }),
    ...(dst && { src: dst }),
    ...(sport && { dport: sport }),
    ...(dport && { sport: dport }),
    ...(inside && { out: inside }),
    ...(out && { in: out }),
    ...(srcType && { dstType: srcType }),
    ...(dstType && { srcType: dstType }),
  };
}

/** Whether hints name it as one of the host's own; false, too, where nobody told. */
export function isLocalAddress(hints: Hints, address: Address): boolean {
  return holds(localAddresses(familyOf(address), hints), addressPoint(address));
}

/** The host's own addresses, virtual ones included; empty where nobody told. */
function localAddresses(family: Family, hints: Hints): IntervalSet {
  const configured = Object.values(hints.host.interfaces ?? {}).flatMap(({ addresses = [] }) => addresses);
  if (configured.length === 0) return NOTHING;
  const addresses = [...configured.map((text) => text.split('/')[0] ?? ''), ...hints.vips];
  const own = addresses.flatMap((text) => parseAddress(text) ?? []).filter((address) => familyOf(address) === family);
  return intervalSet(own.flatMap((address) => addressRange(address, address)));
}

function types(src: 'LOCAL' | 'UNICAST', dst: 'LOCAL' | 'UNICAST'): Pick<Box, 'srcType' | 'dstType'> {
  return { srcType: addressTypesOf(src), dstType: addressTypesOf(dst) };
}
