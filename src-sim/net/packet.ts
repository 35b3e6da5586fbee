/**
 * A packet as plain data: what stands in its headers. What the kernel keeps beside the bytes (mark, devices, conntrack)
 * is not here: it belongs to the packet's way through the host (sim/in-flight.ts).
 */
import type { Address, Family } from './address';

export interface Packet {
  readonly family: Family;
  readonly src: Address;
  readonly dst: Address;
  /** What the packet carries, behind extension headers that were read. */
  readonly protocol: number;
  /** IPv6: headers between the IP header and what the packet carries. */
  readonly extensions?: { readonly first: number; readonly bytes: string };
  readonly ttl: number;
  /** The whole TOS byte (DSCP and ECN) or IPv6 traffic class. */
  readonly tos: number;
  readonly id: number;
  readonly dontFragment: boolean;
  readonly fragment?: Fragment;
  /** Fragments that do not belong together made it: its checksum is wrong. */
  readonly spoilt?: true;
  /** Of a reassembled packet: how many bytes of data each of its fragments had. */
  readonly pieces?: readonly number[];
  /** Bytes of the IP packet, headers included: what counters add. */
  readonly length: number;
  readonly transport: Transport;
  /** The bytes behind the transport header, one character a byte; absent where only their number matters. */
  readonly payload?: string;
}

export const IP_HEADER_BYTES: Readonly<Record<Family, number>> = { ipv4: 20, ipv6: 40 };

/** @see RFC 791 §3.1: offset in units of 8 bytes. */
export interface Fragment {
  readonly offset: number;
  readonly more: boolean;
}

export type Transport = TcpSegment | UdpDatagram | IcmpMessage | SctpPacket | OtherTransport;

export type TcpFlag = 'F' | 'S' | 'R' | 'P' | 'A' | 'U' | 'E' | 'C';

export interface TcpSegment {
  readonly kind: 'tcp';
  readonly sport: number;
  readonly dport: number;
  /** Bits as on the wire: {@link TCP_FLAG}. */
  readonly flags: number;
  readonly seq: number;
  readonly ack: number;
  readonly window: number;
  readonly options: TcpOptions;
  /** Bytes of options that TCPOPTSTRIP has overwritten with "no operation". */
  readonly blankOptionBytes?: number;
  /** Bytes of data behind the header. */
  readonly dataLength: number;
}

export interface TcpOptions {
  readonly mss?: number;
  readonly windowScale?: number;
  readonly sackPermitted?: boolean;
  /** Blocks that the receiver has beyond what it acknowledges: their first byte, and the one behind their last. */
  readonly sack?: readonly SackBlock[];
}

/** RFC 2018 §3. */
export type SackBlock = readonly [left: number, right: number];

/** Bytes of options: each is filled up to a multiple of four. */
export function tcpOptionLength({ mss, windowScale, sackPermitted, sack }: TcpOptions): number {
  const blocks = sack === undefined || sack.length === 0 ? 0 : 4 + 8 * sack.length;
  return (mss === undefined ? 0 : 4) + (windowScale === undefined ? 0 : 4) + (sackPermitted ? 4 : 0) + blocks;
}

/** UDP and UDP-Lite: `Packet.protocol` tells which. */
export interface UdpDatagram {
  readonly kind: 'udp';
  readonly sport: number;
  readonly dport: number;
  readonly dataLength: number;
}

export interface IcmpMessage {
  readonly kind: 'icmp';
  readonly type: number;
  readonly code: number;
  readonly id: number;
  readonly seq: number;
  readonly mtu?: number;
  readonly dataLength: number;
  /** The packet that an error quotes. */
  readonly inner?: Packet;
}

/** One chunk a packet. */
export interface SctpPacket {
  readonly kind: 'sctp';
  readonly sport: number;
  readonly dport: number;
  /** The verification tag of the common header. */
  readonly tag: number;
  /** The type of the chunk: 0 DATA, 1 INIT, … */
  readonly chunk: number;
  /** The initiate tag of an INIT or INIT ACK. */
  readonly initTag: number;
  readonly dataLength: number;
}

export interface OtherTransport {
  readonly kind: 'other';
  readonly sport?: number;
  readonly dport?: number;
  readonly dataLength: number;
}

export const TCP_FLAG: Readonly<Record<TcpFlag, number>> = { F: 1, S: 2, R: 4, P: 8, A: 16, U: 32, E: 64, C: 128 };

const FLAG_ORDER: readonly TcpFlag[] = ['F', 'S', 'R', 'P', 'A', 'U', 'E', 'C'];
const FLAG_OF_LETTER: ReadonlyMap<string, number> = new Map(Object.entries(TCP_FLAG));

export function tcpFlags(letters: string): number {
  let bits = 0;
  for (const letter of letters) bits |= FLAG_OF_LETTER.get(letter) ?? 0;
  return bits;
}

/** Letters in the contract's order, `FSRPAUEC`. */
export function tcpFlagLetters(bits: number): string {
  return FLAG_ORDER.filter((flag) => bits & TCP_FLAG[flag]).join('');
}

const TCP_HEADER_BYTES = 20;
const UDP_HEADER_BYTES = 8;
const ICMP_HEADER_BYTES = 8;

/** Length of the transport header and what is behind it. */
export function transportBytes(transport: Transport): number {
  switch (transport.kind) {
    case 'tcp':
      return TCP_HEADER_BYTES + tcpOptionLength(transport.options) + transport.dataLength;
    case 'udp':
      return UDP_HEADER_BYTES + transport.dataLength;
    case 'icmp':
      return ICMP_HEADER_BYTES + transport.dataLength;
    case 'sctp':
    case 'other':
      return transport.dataLength;
  }
}

export function sourcePort(packet: Packet): number | undefined {
  return 'sport' in packet.transport && !isLaterFragment(packet) ? packet.transport.sport : undefined;
}

export function destinationPort(packet: Packet): number | undefined {
  return 'dport' in packet.transport && !isLaterFragment(packet) ? packet.transport.dport : undefined;
}

/** Bytes behind the IP header and its extensions. */
export function transportLength({ family, length, extensions }: Packet): number {
  return length - IP_HEADER_BYTES[family] - (extensions?.bytes.length ?? 0);
}

/** The protocol that the IP header itself names. */
export function firstProtocol({ extensions, protocol }: Packet): number {
  return extensions?.first ?? protocol;
}

/** A fragment without the transport header. */
export function isLaterFragment(packet: Packet): boolean {
  return (packet.fragment?.offset ?? 0) > 0;
}
