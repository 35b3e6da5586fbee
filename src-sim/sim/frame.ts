/** What left the host, as the contract writes it. */

import { onTheWire } from '../host/wire-pieces';
import {
  destinationPort,
  firstProtocol,
  isLaterFragment,
  type Packet,
  sourcePort,
  tcpFlagLetters,
} from '../net/packet';
import type { InFlight } from './in-flight';
import type { Frame } from './trace';

/** ICMP and ICMPv6 queries and answers: the only messages that carry an id. */
const ECHO_TYPES: ReadonlySet<number> = new Set([0, 8, 128, 129]);

export function framesOf({ packet, outDevice = '' }: InFlight): readonly Frame[] {
  return onTheWire(packet).map((piece) => frameOf(piece, outDevice));
}

function frameOf(packet: Packet, device: string): Frame {
  const { fragment } = packet;
  return {
    dev: device,
    src: packet.src,
    dst: packet.dst,
    proto: firstProtocol(packet),
    ttl: packet.ttl,
    tos: packet.tos,
    len: packet.length,
    ...(fragment ? { frag: { offset: fragment.offset, more: fragment.more } } : {}),
    ...(isLaterFragment(packet) || packet.extensions ? {} : transportFields(packet)),
  };
}

function transportFields(packet: Packet): Partial<Frame> {
  const { transport } = packet;
  if (transport.kind === 'icmp') {
    const { type, code, id } = transport;
    return { icmp: { type, code, ...(ECHO_TYPES.has(type) ? { id } : {}) } };
  }
  const [sport, dport] = [sourcePort(packet), destinationPort(packet)];
  return {
    ...(sport === undefined || dport === undefined ? {} : { sport, dport }),
    ...(transport.kind === 'tcp'
      ? { flags: tcpFlagLetters(transport.flags), seq: transport.seq, ack: transport.ack }
      : {}),
  };
}
