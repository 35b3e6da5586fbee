/**
 * Makes a witness: packets, and a host on which they go the way that a finding speaks of. Whether they really do is for
 * the simulator to say.
 */
import { type Address, addressFromValue, addressValue, familyOf } from '../../../src-sim/net/address';
import { PROTOCOL, protocolName } from '../../../src-sim/net/protocol';
import type { Ruleset } from '../../../src-sim/netfilter/ruleset';
import type { HostDescription, ScenarioPacket } from '../../../src-sim/sim/scenario';
import { simulate } from '../../../src-sim/sim/simulator';
import type { PacketResult } from '../../../src-sim/sim/trace';
import type { Hints } from '../analysis/hints';
import type { Witness } from './finding';
import type { PickedPacket } from './pick-packet';
import type { WayName } from './way';

/** The device of a way whose other side a rule does not tell. */
const OTHER_DEVICE = 'wan0';

/** A packet as a scenario has it; `flags` are a TCP segment's. */
export function scenarioPacket(packet: PickedPacket, way: WayName, flags = 'S'): ScenarioPacket {
  const { src, dst, sport, dport, protocol } = packet;
  return {
    ...(way === 'OUTPUT' ? { out: true } : { in: packet.in }),
    src,
    dst,
    proto: protocolName(protocol),
    ...(sport === undefined ? {} : { sport }),
    ...(dport === undefined ? {} : { dport }),
    ...(protocol === PROTOCOL.tcp ? { flags } : {}),
    ...(packet.icmp === undefined ? {} : { icmp: { ...packet.icmp, id: 1, seq: 1 } }),
  };
}

/** The packet that answers this one. */
export function answerTo(packet: PickedPacket): PickedPacket {
  const { src, dst, sport, dport } = packet;
  return {
    ...packet,
    src: dst,
    dst: src,
    ...(dport === undefined ? {} : { sport: dport }),
    ...(sport === undefined ? {} : { dport: sport }),
    in: packet.out,
    out: packet.in,
  };
}

/** A host on which the packet goes this way, and answers to it come back. */
export function hostFor(packet: PickedPacket, way: WayName, hints: Hints): HostDescription {
  const known = hints.host;
  if (way === 'FORWARD') return forwarder(packet, known);
  const [device, local] = way === 'INPUT' ? [packet.in, packet.dst] : [packet.out, packet.src];
  const interfaces = withAddress(known.interfaces, device, local);
  const port = way === 'INPUT' ? packet.dport : packet.sport;
  return {
    ...known,
    interfaces,
    routes: known.routes ?? [`default via ${neighbour(local)} dev ${device}`],
    ...listening(packet.protocol, port),
  };
}

export interface Confirmation {
  readonly result: PacketResult;
  readonly isAccepted: boolean;
}

/** What becomes of the witness's victim; undefined where the simulator is not sure of it. */
export function fateOf(ruleset: Ruleset, witness: Witness): Confirmation | undefined {
  return fatesOf(ruleset, witness)?.[witness.victim];
}

/** What becomes of each packet. */
export function fatesOf(
  ruleset: Ruleset,
  scenario: Pick<Witness, 'host' | 'packets'>,
): readonly Confirmation[] | undefined {
  try {
    const { packets } = simulate(ruleset, scenario, { explain: 'matched' });
    if (packets.some(({ unsure }) => unsure.length > 0)) return undefined;
    return packets.map((result) => ({
      result,
      isAccepted: result.fate.kind === 'sent' || result.fate.kind === 'delivered',
    }));
  } catch {
    // A host that hints describe in a way that cannot be built: nothing is confirmed.
    return undefined;
  }
}

function forwarder(packet: PickedPacket, known: HostDescription): HostDescription {
  const outside = packet.out === packet.in ? OTHER_DEVICE : packet.out;
  const near = neighbour(packet.dst);
  const far = neighbour(packet.src);
  const interfaces = withAddress(withAddress(known.interfaces, packet.in, far), outside, near);
  return { ...known, interfaces, sysctl: { ...known.sysctl, [forwardingSysctl(packet.src)]: 1 } };
}

function forwardingSysctl(address: Address): string {
  return familyOf(address) === 'ipv4' ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding';
}

function withAddress(
  known: HostDescription['interfaces'],
  device: string,
  address: Address,
): NonNullable<HostDescription['interfaces']> {
  const everywhere = Object.values(known ?? {}).flatMap(({ addresses = [] }) => addresses);
  const isKnown = everywhere.some((text) => text.split('/')[0] === address);
  const own = known?.[device] ?? {};
  const addresses = isKnown ? (own.addresses ?? []) : [...(own.addresses ?? []), `${address}/${subnetLength(address)}`];
  return { ...known, [device]: { ...own, addresses } };
}

function subnetLength(address: Address): number {
  return familyOf(address) === 'ipv4' ? 24 : 64;
}

/** Another host of the address's subnet. */
function neighbour(address: Address): Address {
  const value = addressValue(address);
  const last = value & 0xffn;
  return addressFromValue(value - last + (last === 254n ? 253n : 254n), familyOf(address));
}

/** A socket, so that the host does not answer with a reset of its own. */
function listening(protocol: number, port: number | undefined): Pick<HostDescription, 'listen'> {
  const name = protocolName(protocol);
  return port !== undefined && (name === 'tcp' || name === 'udp') ? { listen: [`${name}/${port}`] } : {};
}
