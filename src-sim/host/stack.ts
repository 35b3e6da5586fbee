/**
 * What the host answers by itself: the packets, not their way (that is sim/path.ts).
 *
 * @kernel net/ipv4/icmp.c, net/ipv4/tcp_ipv4.c:tcp_v4_send_reset, net/ipv4/netfilter/nf_reject_ipv4.c
 */
import type { Address } from '../net/address';
import {
  type IcmpMessage,
  isLaterFragment,
  type Packet,
  TCP_FLAG,
  type TcpOptions,
  type TcpSegment,
} from '../net/packet';
import { PROTOCOL } from '../net/protocol';

const IP_HEADER_BYTES = 20;
const TCP_HEADER_BYTES = 20;
const ICMP_HEADER_BYTES = 8;
/** RFC 1812 §4.3.2.3: an ICMP error quotes as much as fits into 576 bytes. */
const LONGEST_ERROR = 576;
/** Ethernet's MTU less the headers. */
const ETHERNET_MSS = 1460;
const OPTION_BYTES = 4;

/** Types that are errors, or obsolete ones that the kernel treats so: never answered by an error. @kernel icmp.c:icmp_pointers */
const ERROR_TYPES: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);
const HIGHEST_KNOWN_TYPE = 18;

function answerTo(packet: Packet, length: number): Omit<Packet, 'transport' | 'protocol'> {
  return {
    family: packet.family,
    src: packet.dst,
    dst: packet.src,
    ttl: 64,
    tos: 0,
    id: 0,
    dontFragment: true,
    length,
  };
}

/**
 * An ICMP error about a packet, or undefined where none may be sent.
 *
 * @param source the address it comes from
 */
export function icmpError(
  about: Packet,
  type: number,
  code: number,
  source: Address,
  mtu?: number,
): Packet | undefined {
  if (isLaterFragment(about)) return undefined;
  const { transport } = about;
  if (transport.kind === 'icmp' && (ERROR_TYPES.has(transport.type) || transport.type > HIGHEST_KNOWN_TYPE))
    return undefined;
  const quoted = Math.min(about.length, LONGEST_ERROR - IP_HEADER_BYTES - ICMP_HEADER_BYTES);
  return {
    ...answerTo(about, IP_HEADER_BYTES + ICMP_HEADER_BYTES + quoted),
    src: source,
    // Precedence "internetwork control", and the TOS bits of the packet (icmp.c:__icmp_send).
    tos: (about.tos & 0x1e) | 0xc0,
    protocol: PROTOCOL.icmp,
    transport: {
      kind: 'icmp',
      type,
      code,
      id: 0,
      seq: 0,
      dataLength: quoted,
      inner: about,
      ...(mtu === undefined ? {} : { mtu }),
    },
  };
}

/** @kernel icmp.c:icmp_echo, icmp_timestamp. Undefined: nothing is answered. */
export function icmpReply(packet: Packet, icmp: IcmpMessage): Packet | undefined {
  if (icmp.type !== 8 && icmp.type !== 13) return undefined;
  const isEcho = icmp.type === 8;
  const dataLength = isEcho ? icmp.dataLength : 12;
  return {
    ...answerTo(packet, IP_HEADER_BYTES + ICMP_HEADER_BYTES + dataLength),
    tos: packet.tos,
    protocol: PROTOCOL.icmp,
    transport: { ...icmp, type: isEcho ? 0 : 14, dataLength },
  };
}

/**
 * The RST that answers a segment for which nobody listens; undefined for a RST.
 *
 * @param tos REJECT sends 0, the stack the segment's own
 */
export function tcpReset(packet: Packet, tcp: TcpSegment, tos: number): Packet | undefined {
  if (tcp.flags & TCP_FLAG.R || isLaterFragment(packet)) return undefined;
  const counted = tcp.dataLength + (tcp.flags & TCP_FLAG.S ? 1 : 0) + (tcp.flags & TCP_FLAG.F ? 1 : 0);
  const numbers =
    tcp.flags & TCP_FLAG.A
      ? { seq: tcp.ack, ack: 0, flags: TCP_FLAG.R }
      : { seq: 0, ack: (tcp.seq + counted) >>> 0, flags: TCP_FLAG.R | TCP_FLAG.A };
  return {
    ...answerTo(packet, IP_HEADER_BYTES + TCP_HEADER_BYTES),
    tos,
    protocol: PROTOCOL.tcp,
    transport: { kind: 'tcp', sport: tcp.dport, dport: tcp.sport, ...numbers, window: 0, options: {}, dataLength: 0 },
  };
}

/** A listener's answer to a SYN. @kernel net/ipv4/tcp_output.c:tcp_make_synack */
export function synAck(packet: Packet, tcp: TcpSegment, initialSequence: number): Packet {
  const { windowScale, sackPermitted } = tcp.options;
  const options: TcpOptions = {
    mss: ETHERNET_MSS,
    ...(windowScale === undefined ? {} : { windowScale: 7 }),
    ...(sackPermitted ? { sackPermitted } : {}),
  };
  const asksForEcn = (tcp.flags & ECN_SETUP) === ECN_SETUP;
  const flags = TCP_FLAG.S | TCP_FLAG.A | (asksForEcn ? TCP_FLAG.E : 0);
  return segmentTo(packet, tcp, { flags, seq: initialSequence, ack: (tcp.seq + 1) >>> 0, options });
}

export function plainAck(packet: Packet, tcp: TcpSegment, sequence: number, acknowledges: number): Packet {
  return segmentTo(packet, tcp, { flags: TCP_FLAG.A, seq: sequence, ack: acknowledges, options: {} });
}

/** RFC 3168 §6.1.1: a SYN that offers ECN; net.ipv4.tcp_ecn=2 accepts it. */
const ECN_SETUP = TCP_FLAG.E | TCP_FLAG.C;
const WINDOW = 64_240;

function segmentTo(
  packet: Packet,
  tcp: TcpSegment,
  numbers: Pick<TcpSegment, 'flags' | 'seq' | 'ack' | 'options'>,
): Packet {
  return {
    ...answerTo(packet, IP_HEADER_BYTES + TCP_HEADER_BYTES + OPTION_BYTES * Object.keys(numbers.options).length),
    protocol: PROTOCOL.tcp,
    transport: { kind: 'tcp', sport: tcp.dport, dport: tcp.sport, window: WINDOW, dataLength: 0, ...numbers },
  };
}
