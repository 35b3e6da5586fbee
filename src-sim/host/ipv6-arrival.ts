/**
 * What the host itself thinks of an IPv6 packet's extension headers: options by hop before any hook, the others when
 * the packet is delivered.
 *
 * @see RFC 8200 §4.2
 * @kernel net/ipv6/exthdrs.c:ip6_parse_tlv, ipv6_parse_hopopts, ipv6_destopt_rcv, ipv6_rthdr_rcv
 */
import { bytesOf } from '../net/bytes';
import { EXTENSION, extensionLength, isAtomic } from '../net/ipv6-header';
import { firstProtocol, IP_HEADER_BYTES, type Packet } from '../net/packet';
import type { IcmpErrorKind } from './icmp-errors';
import { isMulticast } from './routing';

export interface HeaderProblem {
  readonly reason: string;
  /** What the sender is told, where it is told anything. */
  readonly error?: IcmpErrorKind;
}

/** The options by hop, which stand in the first header. */
export function hopByHopProblem(packet: Packet): HeaderProblem | undefined {
  if (packet.family === 'ipv4' || firstProtocol(packet) !== EXTENSION.hopByHop) return undefined;
  return optionsProblem(packet, IP_HEADER_BYTES.ipv6, EXTENSION.hopByHop);
}

/** The headers that are read one after the other when the packet is delivered. */
export function extensionProblem(packet: Packet): HeaderProblem | undefined {
  if (packet.family === 'ipv4') return undefined;
  const bytes = bytesOf(packet);
  let [protocol, offset]: [number, number] = [firstProtocol(packet), IP_HEADER_BYTES.ipv6];
  for (let isFirst = true; HANDLED.has(protocol) || isAtomic(bytes, offset, protocol); isFirst = false) {
    if (protocol === EXTENSION.none) return { reason: 'no header follows' };
    const problem = headerProblem(packet, offset, protocol, isFirst);
    if (problem) return problem;
    [protocol, offset] = [bytes[offset] ?? 0, offset + extensionLength(protocol, bytes, offset)];
  }
  return undefined;
}

const HANDLED: ReadonlySet<number> = new Set([
  EXTENSION.hopByHop,
  EXTENSION.destination,
  EXTENSION.routing,
  EXTENSION.none,
]);

function headerProblem(packet: Packet, offset: number, protocol: number, isFirst: boolean): HeaderProblem | undefined {
  if (protocol === EXTENSION.fragment) return undefined;
  if (protocol === EXTENSION.routing) return routingProblem(packet, offset);
  if (protocol === EXTENSION.destination) return optionsProblem(packet, offset, protocol);
  return isFirst ? undefined : { reason: 'options by hop stand first or not at all', error: 'protocol-unreachable' };
}

/** Types that only hosts with these protocols know: RPL and segments, neither of which is switched on. */
const SILENT_ROUTING_TYPES: ReadonlySet<number> = new Set([3, 4]);

function routingProblem(packet: Packet, offset: number): HeaderProblem | undefined {
  const bytes = bytesOf(packet);
  const [type, segmentsLeft] = [bytes[offset + 2], bytes[offset + 3]];
  if (isCut(packet, offset)) return CUT;
  if (SILENT_ROUTING_TYPES.has(type ?? 0)) return { reason: `a routing header of type ${type} is not for this host` };
  return segmentsLeft === 0 ? undefined : { reason: `routing type ${type} is not known`, error: 'bad-header' };
}

const CUT: HeaderProblem = { reason: 'an extension header is cut short' };

function isCut(packet: Packet, offset: number): boolean {
  const bytes = bytesOf(packet);
  return offset + 8 > bytes.length || offset + ((bytes[offset + 1] ?? 0) + 1) * 8 > bytes.length;
}

const PAD_1 = 0;
const PAD_N = 1;
const ROUTER_ALERT = 5;
const JUMBO = 0xc2;
/** net.ipv6.max_hbh_opts_number, net.ipv6.max_dst_opts_number: their default. */
const MOST_OPTIONS = 8;
const MOST_PADDING = 7;

function optionsProblem(packet: Packet, offset: number, protocol: number): HeaderProblem | undefined {
  if (isCut(packet, offset)) return CUT;
  const bytes = bytesOf(packet);
  const end = offset + extensionLength(protocol, bytes, offset);
  let [padding, options] = [0, 0];
  for (let at = offset + 2; at < end; ) {
    const type = bytes[at] ?? 0;
    const length = type === PAD_1 ? 1 : (bytes[at + 1] ?? 0) + 2;
    if (at + length > end || (type !== PAD_1 && at + 2 > end)) return { reason: 'an option is longer than its header' };
    if (type === PAD_1 || type === PAD_N) {
      padding += length;
      const isBlank = bytes.subarray(at + 2, at + length).every((byte) => byte === 0);
      if (padding > MOST_PADDING || (type === PAD_N && !isBlank)) return { reason: 'padding that is none' };
    } else {
      padding = 0;
      options += 1;
      const problem = options > MOST_OPTIONS ? TOO_MANY : optionProblem(packet, type, length, protocol);
      if (problem) return problem;
    }
    at += length;
  }
  return undefined;
}

const TOO_MANY: HeaderProblem = { reason: `more than ${MOST_OPTIONS} options` };

/** The two highest bits of an option say what becomes of it where it is not known. */
function optionProblem(packet: Packet, type: number, length: number, protocol: number): HeaderProblem | undefined {
  if (protocol === EXTENSION.hopByHop && type === ROUTER_ALERT)
    return length === 4 ? undefined : { reason: 'a router alert of a wrong length' };
  if (protocol === EXTENSION.hopByHop && type === JUMBO) return { reason: 'a jumbogram that is none' };
  const reason = `option ${type} is not known`;
  switch (type >> 6) {
    case 0:
      return undefined;
    case 1:
      return { reason };
    case 3:
      return isMulticast(packet.dst) ? { reason } : { reason, error: 'unknown-option' };
    default:
      return { reason, error: 'unknown-option' };
  }
}
