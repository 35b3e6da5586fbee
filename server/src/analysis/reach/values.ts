/** One packet of a box: an ordinary one, so that a witness reads like traffic. */

import { addressPoint, type Family } from '../../../../src-sim/net/address';
import { holds, type Interval, type IntervalSet, type Point } from '../../../../src-sim/net/interval-set';
import { TCP_FLAG } from '../../../../src-sim/net/packet';
import { PROTOCOL } from '../../../../src-sim/net/protocol';
import type { Box } from '../packet-set';
import { type Dimension, domainOf, type Space } from '../packet-space';
import type { Values } from './rule-test';

/** Of the networks for documentation: RFC 5737 and RFC 3849. */
const ENDS: Readonly<Record<Family, { readonly src: readonly Point[]; readonly dst: readonly Point[] }>> = {
  ipv4: {
    src: ['198.51.100.7', '203.0.113.1'].map(addressPoint),
    dst: ['203.0.113.1', '192.0.2.1', '198.51.100.7'].map(addressPoint),
  },
  ipv6: {
    src: ['2001:db8:198::7', '2001:db8:203::1'].map(addressPoint),
    dst: ['2001:db8:203::1', '2001:db8:192::1', '2001:db8:198::7'].map(addressPoint),
  },
};

const ORDINARY: { readonly [D in Dimension]?: readonly Point[] } = {
  protocol: [PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.icmp, PROTOCOL.icmpv6],
  sport: [40_000],
  dport: [80, 443, 53, 22],
  tcpFlags: [TCP_FLAG.S],
  icmp: [8 << 8, 128 << 8],
  in: [2, 3, 1],
  out: [2, 3, 1],
  srcType: [1],
  dstType: [1, 2],
};

/** The packet, and the box that holds nothing else as far as anybody asked. */
export interface Picked {
  readonly values: Values;
  readonly asked: ReadonlyMap<Dimension, Point>;
}

export function pickValues(space: Space, box: Box): Picked {
  const asked = new Map<Dimension, Point>();
  return {
    asked,
    values: (dimension) => {
      const known = asked.get(dimension);
      if (known !== undefined) return known;
      const picked = pickOne(space, box[dimension] ?? domainOf(space, dimension), dimension);
      asked.set(dimension, picked);
      return picked;
    },
  };
}

function pickOne({ family }: Space, set: IntervalSet, dimension: Dimension): Point {
  const wishes = dimension === 'src' || dimension === 'dst' ? ENDS[family][dimension] : (ORDINARY[dimension] ?? []);
  return wishes.find((wish) => holds(set, wish)) ?? inside(set[0]);
}

/** A network's first address is no host's. */
function inside(first: Interval | undefined): Point {
  if (first === undefined) return 0;
  const { start, end } = first;
  if (typeof start === 'bigint') return BigInt(end) - start > 2n ? start + 1n : start;
  return Number(end) - start > 2 && start > 65_536 ? start + 1 : start;
}
