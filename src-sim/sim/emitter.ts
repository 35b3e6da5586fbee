/** What a target may make the host send. The way of these packets is sim/path.ts's business. */
import type { Address } from '../net/address';
import type { Packet } from '../net/packet';
import type { Hook } from '../netfilter/hook';
import type { InFlight } from './in-flight';
import type { Machine } from './machine';

export interface Emitter {
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
