/** What of a packet the compiled chains look at, as numbers, beside what the kernel keeps of it. */
import { type CtState, ctState } from '../../conntrack/entry';
import { addressPoint, type Family } from '../../net/address';
import type { Point } from '../../net/interval-set';
import { destinationPort, isLaterFragment, type Packet, sourcePort, type Transport } from '../../net/packet';
import { PROTOCOL } from '../../net/protocol';
import type { World } from '../../xt/world';

export class Header {
  src: Point = 0;
  dst: Point = 0;
  protocol = 0;
  sport = 0;
  dport = 0;
  tcpFlags = 0;
  /** `type << 8 | code`. */
  icmp = 0;
  mark = 0;
  in: string | undefined;
  out: string | undefined;
  state: CtState = 'INVALID';
  /** Whether the rest stands for the packet: not where its headers are broken, or cut off. */
  isWhole = false;
  /** Another number whenever something is another. */
  stamp = 0;
  #packet: Packet | undefined;
  #srcText = '';
  #dstText = '';

  constructor(readonly family: Family) {}

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
    const { src, dst, protocol, transport } = packet;
    this.#packet = packet;
    this.isWhole = packet.family === this.family && isWhole(packet);
    if (!this.isWhole) return;
    if (src !== this.#srcText) this.src = addressPoint(src);
    if (dst !== this.#dstText) this.dst = addressPoint(dst);
    this.#srcText = src;
    this.#dstText = dst;
    this.protocol = protocol;
    this.sport = sourcePort(packet) ?? 0;
    this.dport = destinationPort(packet) ?? 0;
    this.tcpFlags = transport.kind === 'tcp' ? transport.flags : 0;
    this.icmp = transport.kind === 'icmp' ? (transport.type << 8) | transport.code : 0;
  }
}

/** Matches answer a packet without the header that its protocol promises in ways of their own. */
function isWhole(packet: Packet): boolean {
  if (isLaterFragment(packet)) return false;
  const { protocol, transport } = packet;
  if (protocol === PROTOCOL.dccp) return sourcePort(packet) !== undefined;
  return transport.kind === (TRANSPORTS.get(protocol) ?? 'other');
}

const TRANSPORTS: ReadonlyMap<number, Transport['kind']> = new Map([
  [PROTOCOL.tcp, 'tcp'],
  [PROTOCOL.udp, 'udp'],
  [PROTOCOL.udplite, 'udp'],
  [PROTOCOL.icmp, 'icmp'],
  [PROTOCOL.icmpv6, 'icmp'],
  [PROTOCOL.sctp, 'sctp'],
]);
