/** Picks one packet out of a box: the most ordinary one, so that a witness reads like traffic. */
import { ADDRESS_BITS, type Address, addressFromValue, addressPoint, type Family } from '../../../src-sim/net/address';
import { holds, type IntervalSet, interval, type Point } from '../../../src-sim/net/interval-set';
import { hasPorts, PROTOCOL, protocolName } from '../../../src-sim/net/protocol';
import { type Box, dimensionOf } from '../analysis/packet-set';
import type { Dimension, Space } from '../analysis/packet-space';
import type { WayName } from './way';

/** A packet's headers and the interfaces it passes; '' where its way has none. */
export interface PickedPacket {
  readonly src: Address;
  readonly dst: Address;
  readonly protocol: number;
  readonly sport?: number;
  readonly dport?: number;
  readonly icmp?: { readonly type: number; readonly code: number };
  readonly in: string;
  readonly out: string;
}

/** What is picked where the box allows it: addresses are those of RFC 5737 and RFC 3849. */
const ORDINARY: Readonly<Record<Family, { readonly far: readonly Address[]; readonly near: readonly Address[] }>> = {
  ipv4: { far: ['198.51.100.7'], near: ['203.0.113.1', '192.0.2.1'] },
  ipv6: { far: ['2001:db8:198::7'], near: ['2001:db8:203::1', '2001:db8:192::1'] },
};
const CLIENT_PORT = 40_000;
const SERVER_PORTS = [80, 443, 53, 22];
const PROTOCOLS = [PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.icmp, PROTOCOL.icmpv6, PROTOCOL.gre];
const ECHO_REQUESTS = [8 << 8, 128 << 8];

/**
 * @param role whether the packet opens a flow, from a client's port, or answers, to one.
 * @returns undefined where the box holds no whole packet.
 */
export function pickPacket(
  space: Space,
  box: Box,
  way: WayName,
  role: 'opening' | 'answer' = 'opening',
): PickedPacket | undefined {
  const pick = (dimension: Dimension, ...wishes: readonly Point[]): number | undefined => {
    const point = pickPoint(dimensionOf(space, box, dimension), wishes);
    return point === undefined ? undefined : Number(point);
  };
  const protocol = pick('protocol', ...PROTOCOLS);
  const ends = pickEnds(space, box, way);
  const inside = pick(
    'in',
    ...(way === 'FORWARD' ? othersThan(space, onlyDevice(dimensionOf(space, box, 'out'))) : []),
  );
  const outside = pick('out', ...othersThan(space, way === 'FORWARD' ? inside : undefined));
  if (protocol === undefined || ends === undefined || inside === undefined || outside === undefined) return undefined;
  const icmp = pick('icmp', ...ECHO_REQUESTS);
  const client = [CLIENT_PORT, ...SERVER_PORTS];
  const server = [...SERVER_PORTS, CLIENT_PORT];
  const sport = pick('sport', ...(role === 'opening' ? client : server));
  const dport = pick('dport', ...(role === 'opening' ? server : client));
  if (icmp === undefined || sport === undefined || dport === undefined) return undefined;
  return {
    ...ends,
    protocol,
    ...(hasPorts(protocol) ? { sport, dport } : {}),
    ...(protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmpv6
      ? { icmp: { type: icmp >> 8, code: icmp & 255 } }
      : {}),
    in: space.interfaces[inside] ?? '',
    out: space.interfaces[outside] ?? '',
  };
}

const MOST_DEVICES = 6;

/** One for each interface by which the box's packets may come: what becomes of them may depend on it. */
export function pickPerDevice(space: Space, box: Box, way: WayName): readonly PickedPacket[] {
  const devices = [...space.interfaces.keys()].filter((index) => holds(box.in ?? space.domains.in, index));
  return devices
    .slice(0, MOST_DEVICES)
    .flatMap((index) => pickPacket(space, { ...box, in: interval(index, index + 1) }, way) ?? []);
}

export function protocolText(packet: Pick<PickedPacket, 'protocol'>): string {
  return protocolName(packet.protocol);
}

function pickEnds(space: Space, box: Box, way: WayName): { src: Address; dst: Address } | undefined {
  const { far, near } = ORDINARY[space.family];
  const [sources, destinations] = way === 'OUTPUT' ? [near, far] : [far, near];
  const src = pickAddress(space, box.src, sources);
  const dst = pickAddress(
    space,
    box.dst,
    [...destinations, ...far].filter((address) => address !== src),
  );
  return src === undefined || dst === undefined || src === dst ? undefined : { src, dst };
}

function onlyDevice([first, second]: IntervalSet): number | undefined {
  if (first === undefined || second !== undefined) return undefined;
  return Number(first.end) - Number(first.start) === 1 ? Number(first.start) : undefined;
}

/** A router hands packets on by another interface, as a rule. */
function othersThan({ interfaces }: Space, inside: number | undefined): readonly number[] {
  return inside === undefined ? [] : [...interfaces.keys()].filter((index) => index > 1 && index !== inside);
}

function pickAddress(space: Space, set: IntervalSet | undefined, wishes: readonly Address[]): Address | undefined {
  const all = set ?? space.domains.src;
  const wish = wishes.find((address) => holds(all, addressPoint(address)));
  if (wish !== undefined) return wish;
  const [first] = all;
  if (first === undefined) return undefined;
  const start = BigInt(first.start);
  // A network's first address is no host's.
  const value = BigInt(first.end) - start > 2n ? start + 1n : start;
  if (value >= 1n << BigInt(ADDRESS_BITS[space.family])) return undefined;
  const address = addressFromValue(value, space.family);
  // As good as always a broadcast address, that nobody has.
  return space.family === 'ipv4' && address.endsWith('.255') ? undefined : address;
}

function pickPoint(set: IntervalSet, wishes: readonly Point[]): Point | undefined {
  return wishes.find((wish) => holds(set, wish)) ?? set[0]?.start;
}
