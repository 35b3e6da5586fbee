/** What of a packet the compiled chains look at, as numbers, beside what the kernel keeps of it. */
import { type CtState, ctState } from '../../conntrack/entry';
import { addressPoint, type Family } from '../../net/address';
import type { Point } from '../../net/interval-set';
import { upperProtocol } from '../../net/ipv6-header';
import { isLaterFragment, type Packet, sourcePort } from '../../net/packet';
import { PROTOCOL } from '../../net/protocol';
import type { World } from '../../xt/world';
import type { Dimension } from './dimension';

/** What conditions are looked up by. */
export interface HeaderFields {
  readonly src: Point;
  readonly dst: Point;
  readonly protocol: number;
  readonly sport: number;
  readonly dport: number;
  readonly tcpFlags: number;
  /** `type << 8 | code`. */
  readonly icmp: number;
  readonly mark: number;
  readonly in: string | undefined;
  readonly out: string | undefined;
  readonly state: CtState;
}

/** Who wants to know what was looked up on a packet's way. */
export interface Listener {
  /** The first time that a header was asked; it answered with that set of rules. */
  asked(dimension: Dimension, set: number): void;
}

export class Header implements HeaderFields {
  protocol = 0;
  sport = 0;
  dport = 0;
  tcpFlags = 0;
  icmp = 0;
  mark = 0;
  in: string | undefined;
  out: string | undefined;
  state: CtState = 'INVALID';
  /** Whether the rest stands for the packet: not where its headers are broken, or cut off. */
  isWhole = false;
  /** Another number whenever something is another. */
  stamp = 0;
  listener: Listener | undefined;
  #packet: Packet | undefined;

  constructor(readonly family: Family) {}

  /** Addresses are read only where a rule asks: most packets match one that looks at their state alone. */
  get src(): Point {
    return this.#packet === undefined ? 0 : addressPoint(this.#packet.src);
  }

  get dst(): Point {
    return this.#packet === undefined ? 0 : addressPoint(this.#packet.dst);
  }

  load(packet: Packet, world: World): void {
    const state = ctState(world.conntrack);
    const { mark, inDevice, outDevice } = world;
    const isSame =
      packet === this.#packet &&
      state === this.state &&
      mark === this.mark &&
      inDevice === this.in &&
      outDevice === this.out;
    if (isSame) return;
    this.stamp += 1;
    this.state = state;
    this.mark = mark;
    this.in = inDevice;
    this.out = outDevice;
    if (packet !== this.#packet) this.#loadPacket(packet);
  }

  #loadPacket(packet: Packet): void {
    const { protocol, transport } = packet;
    this.#packet = packet;
    this.isWhole = packet.family === this.family && isWhole(packet);
    if (!this.isWhole) return;
    this.protocol = protocol;
    const isIcmp = transport.kind === 'icmp';
    this.sport = isIcmp ? 0 : (transport.sport ?? 0);
    this.dport = isIcmp ? 0 : (transport.dport ?? 0);
    this.tcpFlags = transport.kind === 'tcp' ? transport.flags : 0;
    this.icmp = isIcmp ? (transport.type << 8) | transport.code : 0;
  }
}

/** Matches answer a packet without the header that its protocol promises in ways of their own. */
function isWhole(packet: Packet): boolean {
  if (isLaterFragment(packet) || upperProtocol(packet) !== packet.protocol) return false;
  const { protocol, transport } = packet;
  switch (protocol) {
    case PROTOCOL.tcp:
      return transport.kind === 'tcp';
    case PROTOCOL.udp:
    case PROTOCOL.udplite:
      return transport.kind === 'udp';
    case PROTOCOL.icmp:
    case PROTOCOL.icmpv6:
      return transport.kind === 'icmp';
    case PROTOCOL.sctp:
      return transport.kind === 'sctp';
    case PROTOCOL.dccp:
      return sourcePort(packet) !== undefined;
    default:
      return transport.kind === 'other';
  }
}
