/** An ICMP error about a flow, as a router on the way sends it when a packet is too big. */

import type { Family } from '../../../src-sim/net/address';
import { PROTOCOL } from '../../../src-sim/net/protocol';
import type { ScenarioPacket } from '../../../src-sim/sim/scenario';
import { type Box, intersectBoxes } from '../analysis/packet-set';
import { points } from '../analysis/packet-space';
import type { Walker } from '../analysis/rule-packets';
import type { LintContext } from './define';
import type { Witness } from './finding';
import { flowWitness } from './flow-witness';
import { pickPacket } from './pick-packet';
import { MIRROR_WAY, mirrorBox, type WayName } from './way';

/** ICMP 3/4, fragmentation needed; in IPv6 type 2, packet too big. */
export const TOO_BIG: Readonly<Record<Family, Box>> = {
  ipv4: { protocol: points([PROTOCOL.icmp]), icmp: points([(3 << 8) | 4]) },
  ipv6: { protocol: points([PROTOCOL.icmpv6]), icmp: points([2 << 8]) },
};

const MTU = 1400;

/** A flow that opens on one way, and which of its packets a router finds too big. */
export interface QuotedFlow {
  readonly way: WayName;
  readonly openings: Box;
  /** Errors travel against what they quote: about an answer, in the direction of the opening packet. */
  readonly quoted: 'opening' | 'answer';
}

/** The way of the error. */
export function errorWay({ way, quoted }: Pick<QuotedFlow, 'way' | 'quoted'>): WayName {
  return quoted === 'answer' ? way : MIRROR_WAY[way];
}

/** A witness whose victim is such an error, out of a box of them. */
export function errorWitness(
  { hints }: LintContext,
  walker: Walker,
  flow: QuotedFlow,
  errors: Box,
): Witness | undefined {
  const { in: inside, out, dst, dstType } = flow.quoted === 'answer' ? errors : mirrorBox(errors);
  const ends = flow.quoted === 'answer' ? { dst, dstType } : { src: mirrorBox(errors).src };
  const along = Object.fromEntries(
    Object.entries({ ...ends, in: inside, out }).filter(([, set]) => set !== undefined),
  ) as Box;
  const box = intersectBoxes(flow.openings, along);
  const opening = box && pickPacket(walker.space, box, flow.way);
  if (opening === undefined) return undefined;
  const stage = flow.quoted === 'answer' ? 'next' : 'answer';
  const witness = flowWitness(opening, flow.way, hints, stage);
  const quoted = quotedPacket(witness.packets, flow.quoted);
  const device = flow.quoted === 'answer' ? opening.in : opening.out;
  if (quoted === undefined) return undefined;
  const error: ScenarioPacket = { in: device, src: routerFor(quoted), dst: quoted.src, ...tooBig(quoted) };
  return { ...witness, packets: [...witness.packets, error], victim: witness.packets.length };
}

/** The router nearest to the other end answers; here it is that end. */
function routerFor({ dst }: ScenarioPacket): string {
  return dst;
}

function quotedPacket(packets: readonly ScenarioPacket[], quoted: 'opening' | 'answer'): ScenarioPacket | undefined {
  const [opens] = packets;
  if (opens === undefined) return undefined;
  const { in: _, out: __, src, dst, sport, dport, ...rest } = opens;
  const turned = quoted === 'answer';
  return {
    ...rest,
    src: turned ? dst : src,
    dst: turned ? src : dst,
    ...(sport !== undefined && dport !== undefined
      ? { sport: turned ? dport : sport, dport: turned ? sport : dport }
      : {}),
    ...(opens.flags !== undefined && { flags: 'A' }),
  };
}

function tooBig(inner: ScenarioPacket): Pick<ScenarioPacket, 'proto' | 'icmp'> {
  return inner.src.includes(':')
    ? { proto: 'ipv6-icmp', icmp: { type: 2, code: 0, mtu: MTU, inner } }
    : { proto: 'icmp', icmp: { type: 3, code: 4, mtu: MTU, inner } };
}
