/**
 * Extension headers in front of a header that the host reads: what a scenario gives as the payload of the first of them
 * is taken apart, so that ports and ICMPv6 types are found where they are.
 *
 * @see RFC 8200 §4
 * @deviates real fragments that stand so in a payload wait for the others for ever
 */
import { addressBytes } from './bytes';
import { internetChecksum } from './checksum';
import { EXTENSION, extensionLength, isAtomic } from './ipv6-header';
import type { Packet, Transport } from './packet';
import { PROTOCOL } from './protocol';

/** Headers that are stepped over here, besides the fragment header of what is no fragment. */
const STEPPED_OVER: ReadonlySet<number> = new Set([EXTENSION.hopByHop, EXTENSION.routing, EXTENSION.destination]);

function isStepped(bytes: Uint8Array, offset: number, protocol: number): boolean {
  return STEPPED_OVER.has(protocol) || isAtomic(bytes, offset, protocol);
}

const TCP_HEADER_BYTES = 20;
const OTHER_HEADER_BYTES = 8;

/** The packet with what is behind its extension headers; itself, where it has none or nothing that is read. */
export function withExtensionsRead(packet: Packet): Packet {
  if (packet.family === 'ipv4' || packet.payload === undefined || packet.protocol > EXTENSION.destination)
    return packet;
  const bytes = Uint8Array.from(packet.payload, (character) => character.charCodeAt(0));
  let [protocol, offset] = [packet.protocol, 0];
  while (isStepped(bytes, offset, protocol)) {
    if (offset + OTHER_HEADER_BYTES > bytes.length) return packet;
    [protocol, offset] = [bytes[offset] ?? 0, offset + extensionLength(protocol, bytes, offset)];
  }
  if (offset === 0) return packet;
  const transport = readTransport(protocol, bytes.subarray(offset));
  if (transport === undefined) return packet;
  const data = bytes.length - offset - transport.dataLength;
  const { spoilt: _, payload: __, ...rest } = packet;
  return {
    ...rest,
    protocol,
    transport,
    extensions: { first: packet.protocol, bytes: packet.payload.slice(0, offset) },
    ...(transport.dataLength > 0 ? { payload: packet.payload.slice(offset + data) } : {}),
    ...(isIntact(packet, protocol, bytes.subarray(offset)) ? {} : { spoilt: true as const }),
  };
}

/**
 * Reassembly takes the fragment header of what is no fragment away.
 *
 * @kernel net/ipv6/netfilter/nf_conntrack_reasm.c:nf_ct_frag6_gather
 */
export function withoutAtomicHeader(packet: Packet): Packet {
  const { extensions } = packet;
  if (extensions === undefined) return packet;
  const bytes = Uint8Array.from(extensions.bytes, (character) => character.charCodeAt(0));
  let [protocol, offset, before]: [number, number, number] = [extensions.first, 0, -1];
  while (protocol !== EXTENSION.fragment && offset < bytes.length) {
    [protocol, before, offset] = [bytes[offset] ?? 0, offset, offset + extensionLength(protocol, bytes, offset)];
  }
  if (offset >= bytes.length) return packet;
  const next = bytes[offset] ?? 0;
  if (before !== -1) bytes[before] = next;
  const rest = [...bytes.subarray(0, offset), ...bytes.subarray(offset + 8)];
  const { extensions: _, ...plain } = packet;
  const length = packet.length - 8;
  if (rest.length === 0) return { ...plain, length };
  const first = before === -1 ? next : extensions.first;
  return { ...plain, length, extensions: { first, bytes: String.fromCharCode(...rest) } };
}

/**
 * Whether the payload that stands for extension headers has the header of a real fragment, or one behind which nothing
 * is. Who gathers fragments keeps the one, and throws the other away.
 */
export function isPayloadFragment(packet: Packet): boolean {
  if (packet.family === 'ipv4' || packet.extensions !== undefined || packet.payload === undefined) return false;
  const bytes = Uint8Array.from(packet.payload, (character) => character.charCodeAt(0));
  let [protocol, offset] = [packet.protocol, 0];
  while (STEPPED_OVER.has(protocol) && offset + OTHER_HEADER_BYTES <= bytes.length) {
    [protocol, offset] = [bytes[offset] ?? 0, offset + extensionLength(protocol, bytes, offset)];
  }
  if (protocol !== EXTENSION.fragment || offset + OTHER_HEADER_BYTES > bytes.length) return false;
  return !isAtomic(bytes, offset, protocol) || offset + OTHER_HEADER_BYTES === bytes.length;
}

function readTransport(protocol: number, bytes: Uint8Array): Transport | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (protocol === PROTOCOL.tcp && bytes.length >= TCP_HEADER_BYTES && view.getUint8(12) >> 4 === 5) {
    return {
      kind: 'tcp',
      sport: view.getUint16(0),
      dport: view.getUint16(2),
      seq: view.getUint32(4),
      ack: view.getUint32(8),
      flags: view.getUint8(13),
      window: view.getUint16(14),
      options: {},
      dataLength: bytes.length - TCP_HEADER_BYTES,
    };
  }
  if (bytes.length < OTHER_HEADER_BYTES) return undefined;
  const dataLength = bytes.length - OTHER_HEADER_BYTES;
  if (protocol === PROTOCOL.udp) return { kind: 'udp', sport: view.getUint16(0), dport: view.getUint16(2), dataLength };
  const isEcho = protocol === PROTOCOL.icmpv6 && (view.getUint8(0) === 128 || view.getUint8(0) === 129);
  if (!isEcho) return undefined;
  const [type, code, id, seq] = [view.getUint8(0), view.getUint8(1), view.getUint16(4), view.getUint16(6)];
  return { kind: 'icmp', type, code, id, seq, dataLength };
}

/** Whether the checksum over pseudo header and data is right. RFC 8200 §8.1 */
function isIntact({ src, dst }: Packet, protocol: number, bytes: Uint8Array): boolean {
  const length = bytes.length;
  const claimed = ((bytes[4] ?? 0) << 8) | (bytes[5] ?? 0);
  if (protocol === PROTOCOL.udp && claimed !== length) return false;
  const pseudo = [...addressBytes(src), ...addressBytes(dst), 0, 0, length >> 8, length & 255, 0, 0, 0, protocol];
  return internetChecksum(Uint8Array.from([...pseudo, ...bytes])) === 0;
}
