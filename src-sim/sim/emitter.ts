/** What the host sends of its own: because a rule says so, or on a packet's way. */
import type { Interface } from '../host/host';
import type { IcmpErrorKind } from '../host/icmp-errors';
import type { Address } from '../net/address';
import type { Packet } from '../net/packet';
import type { Hook } from '../netfilter/hook';
import type { InFlight } from './in-flight';
import type { Machine } from './machine';
import type { PacketFate } from './trace';

export interface Emitter {
  /** An ICMP error about a packet. `mtu`: what fits, where that is not the device's own business. */
  sendError(machine: Machine, about: InFlight, kind: IcmpErrorKind, mtu?: number): void;
  /** What the stack does with a packet that was delivered. */
  answerDelivered(machine: Machine, flight: InFlight): void;
  /** A packet that is routed to a bridge leaves by its ports. */
  sendOverBridge(machine: Machine, flight: InFlight, bridge: Interface): PacketFate;
  /** REJECT's answer. */
  reject(machine: Machine, about: InFlight, type: string): void;
  /** TEE's copy, to another host of the network. */
  duplicate(machine: Machine, about: InFlight, hook: Hook, to: CopyRoute): void;
  /** A packet in the place of the one whose flow it answers. */
  answer(machine: Machine, about: InFlight, packet: Packet, what: string): void;
}

export interface CopyRoute {
  readonly gateway: Address;
  readonly device: string | undefined;
}
