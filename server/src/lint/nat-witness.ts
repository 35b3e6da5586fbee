/** A packet that is translated on its way, and a host where that leads somewhere. */
import { type Address, familyOf } from '../../../src-sim/net/address';
import type { HostDescription } from '../../../src-sim/sim/scenario';
import type { Hints } from '../analysis/hints';
import type { Box } from '../analysis/packet-set';
import type { RuleRef, Walker } from '../analysis/rule-packets';
import type { Harm, Witness, WitnessRule } from './finding';
import { type PickedPacket, pickPacket } from './pick-packet';
import { hostFor, scenarioPacket } from './witness';

/** The device behind which the translated destination is, where no rule names one. */
const SERVER_DEVICE = 'dmz0';

/** To an address of this host, translated to that of a server behind it. */
export function forwardedTo(
  { space }: Walker,
  box: Box,
  to: Address,
  hints: Hints,
  harm: Harm,
  device: string = SERVER_DEVICE,
): Witness | undefined {
  const packet = pickPacket(space, box, 'INPUT');
  if (packet === undefined || packet.src === to || packet.dst === to) return undefined;
  const inside = packet.in === device ? `${device.slice(0, 12)}-b` : device;
  const host = withOwnAddress(hostFor({ ...packet, dst: to, out: inside }, 'FORWARD', hints), packet);
  return { host, packets: [scenarioPacket(packet, 'INPUT')], victim: 0, harm };
}

/** To an address of this host, and kept here by the translation. */
export function keptHere({ space }: Walker, box: Box, hints: Hints, harm: Harm, port?: number): Witness | undefined {
  const packet = pickPacket(space, box, 'INPUT');
  if (packet === undefined) return undefined;
  const host = hostFor({ ...packet, ...(port !== undefined && { dport: port }) }, 'INPUT', hints);
  return { host, packets: [scenarioPacket(packet, 'INPUT')], victim: 0, harm };
}

/** The address that the packet is sent to becomes one of the host's. */
function withOwnAddress(host: HostDescription, { dst, in: device }: PickedPacket): HostDescription {
  const own = host.interfaces?.[device] ?? {};
  const everywhere = Object.values(host.interfaces ?? {}).flatMap(({ addresses = [] }) => addresses);
  if (everywhere.some((text) => text.split('/')[0] === dst)) return host;
  const length = familyOf(dst) === 'ipv4' ? 32 : 128;
  const addresses = [...(own.addresses ?? []), `${dst}/${length}`];
  return { ...host, interfaces: { ...host.interfaces, [device]: { ...own, addresses } } };
}

export function witnessRule({ table, chain, number }: RuleRef): WitnessRule {
  return { table, chain, number };
}
