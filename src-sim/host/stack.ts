/**
 * What the host answers by itself: the packets, not their way (that is sim/path.ts).
 *
 * @kernel net/ipv4/icmp.c, net/ipv4/tcp_ipv4.c:tcp_v4_send_reset, net/ipv4/netfilter/nf_reject_ipv4.c
 */
import type { Address, Family } from '../net/address';
import {
  type IcmpMessage,
  IP_HEADER_BYTES,
  isLaterFragment,
  type Packet,
  TCP_FLAG,
  type TcpOptions,
  type TcpSegment,
  tcpOptionLength,
} from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import { type IcmpError, mayNotBeAnswered } from './icmp-errors';

const TCP_HEADER_BYTES = 20;
const ICMP_HEADER_BYTES = 8;
/** An ICMP error quotes as much as fits into so many bytes: RFC 1812 §4.3.2.3, RFC 4443 §2.4. */
const LONGEST_ERROR: Readonly<Record<Family, number>> = { ipv4: 576, ipv6: 1280 };
/** The two bits of the TOS byte that congestion notification uses: the stack never copies them to an answer of TCP's. */
const ECN_MASK = 0x03;

function answerTo(packet: Packet, protocol: number, transportLength: number): Omit<Packet, 'transport'> {
  const { family, src, dst } = packet;
  const length = IP_HEADER_BYTES[family] + transportLength;
  return { family, protocol, src: dst, dst: src, ttl: 64, tos: 0, id: 0, dontFragment: true, length };
}

function icmpProtocol(family: Family): number {
  return family === 'ipv4' ? PROTOCOL.icmp : PROTOCOL.icmpv6;
}

/**
 * An ICMP error about a packet, or undefined where none may be sent.
 *
 * @param source the address it comes from
 */
export function icmpError(about: Packet, { type, code }: IcmpError, source: Address, mtu?: number): Packet | undefined {
  const { family, transport } = about;
  if (isLaterFragment(about)) return undefined;
  if (transport.kind === 'icmp' && mayNotBeAnswered(family, transport.type)) return undefined;
  const quoted = Math.min(about.length, LONGEST_ERROR[family] - IP_HEADER_BYTES[family] - ICMP_HEADER_BYTES);
  return {
    ...answerTo(about, icmpProtocol(family), ICMP_HEADER_BYTES + quoted),
    src: source,
    // IPv4: precedence "internetwork control", and the TOS bits of the packet (icmp.c:__icmp_send).
    tos: family === 'ipv4' ? (about.tos & 0x1e) | 0xc0 : 0,
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

/** Requests that the host answers, with the type and the length of the answer. Others are left unanswered. */
const ICMP_REPLIES: ReadonlyMap<number, { readonly type: number; readonly dataLength?: number }> = new Map([
  [8, { type: 0 }],
  [13, { type: 14, dataLength: 12 }],
  [128, { type: 129 }],
]);

/** @kernel icmp.c:icmp_echo, icmp_timestamp, net/ipv6/icmp.c:icmpv6_echo_reply */
export function icmpReply(packet: Packet, icmp: IcmpMessage): Packet | undefined {
  const reply = ICMP_REPLIES.get(icmp.type);
  // A timestamp request without room for one is none (icmp.c:icmp_timestamp).
  if (reply === undefined || (icmp.type === 13 && icmp.dataLength < 4)) return undefined;
  const dataLength = reply.dataLength ?? icmp.dataLength;
  return {
    ...answerTo(packet, packet.protocol, ICMP_HEADER_BYTES + dataLength),
    tos: packet.tos,
    transport: { ...icmp, type: reply.type, code: icmp.type === 13 ? 0 : icmp.code, dataLength },
    ...(reply.dataLength === undefined && packet.payload !== undefined ? { payload: packet.payload } : {}),
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
  return { ...segmentTo(packet, tcp, { ...numbers, window: 0, options: {} }), tos: tos & ~ECN_MASK };
}

/** A listener's answer to a SYN. @kernel net/ipv4/tcp_output.c:tcp_make_synack */
export function synAck(packet: Packet, tcp: TcpSegment, initialSequence: number): Packet {
  const { windowScale, sackPermitted } = tcp.options;
  const options: TcpOptions = {
    mss: ETHERNET_MSS[packet.family],
    ...(windowScale === undefined ? {} : { windowScale: 7 }),
    ...(sackPermitted ? { sackPermitted } : {}),
  };
  const asksForEcn = (tcp.flags & ECN_SETUP) === ECN_SETUP;
  const flags = TCP_FLAG.S | TCP_FLAG.A | (asksForEcn ? TCP_FLAG.E : 0);
  return segmentTo(packet, tcp, { flags, seq: initialSequence, ack: (tcp.seq + 1) >>> 0, window: WINDOW, options });
}

/** SYNPROXY's answer to a SYN, in the server's place. @kernel net/netfilter/nf_synproxy_core.c:synproxy_send_client_synack */
export function proxySynAck(packet: Packet, tcp: TcpSegment, cookie: number, mss: number | undefined): Packet {
  const options: TcpOptions = mss === undefined ? {} : { mss };
  const flags = TCP_FLAG.S | TCP_FLAG.A;
  return segmentTo(packet, tcp, { flags, seq: cookie, ack: (tcp.seq + 1) >>> 0, window: 0, options });
}

export function plainAck(packet: Packet, tcp: TcpSegment, sequence: number, acknowledges: number): Packet {
  return segmentTo(packet, tcp, { flags: TCP_FLAG.A, seq: sequence, ack: acknowledges, window: WINDOW, options: {} });
}

/** RFC 3168 §6.1.1: a SYN that offers ECN; net.ipv4.tcp_ecn=2 accepts it. */
const ECN_SETUP = TCP_FLAG.E | TCP_FLAG.C;
const WINDOW = 64_240;
/** Ethernet's MTU less the headers. */
const ETHERNET_MSS: Readonly<Record<Family, number>> = { ipv4: 1460, ipv6: 1440 };

type Numbers = Pick<TcpSegment, 'flags' | 'seq' | 'ack' | 'window' | 'options'>;

function segmentTo(packet: Packet, tcp: TcpSegment, numbers: Numbers): Packet {
  return {
    ...answerTo(packet, PROTOCOL.tcp, TCP_HEADER_BYTES + tcpOptionLength(numbers.options)),
    transport: { kind: 'tcp', sport: tcp.dport, dport: tcp.sport, dataLength: 0, ...numbers },
  };
}
