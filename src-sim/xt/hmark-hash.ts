/**
 * The hash that HMARK makes a mark of.
 *
 * @kernel net/netfilter/xt_HMARK.c:hmark_hash
 */
import type { Attachment } from '../conntrack/entry';
import { isIcmp } from '../conntrack/tuple';
import { type Address, addressValue, familyOf, maskAddress, prefixMask } from '../net/address';
import { EXTENSION, findIpv6Header, type HeaderPlace } from '../net/ipv6-header';
import { jhash, reciprocalScale } from '../net/jhash';
import { IP_HEADER_BYTES, type Packet } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import { numberAt } from '../net/transport-header';

export interface HashChoices {
  readonly srcPrefix: number;
  readonly dstPrefix: number;
  /** Source port in the upper half, destination port in the lower; or a whole security index. */
  readonly portMask: number;
  readonly portSet: number;
  readonly protocolMask: number;
  readonly seed: number;
  readonly modulus: number;
  readonly offset: number;
  readonly usesConntrack: boolean;
}

/** Addresses and ports as the hash takes them in. */
export interface HashTuple {
  readonly src: number;
  readonly dst: number;
  readonly ports: number;
  readonly protocol: number;
}

/** Both directions of a flow have one mark: the smaller address comes first. */
export function hmark({ src, dst, ports, protocol }: HashTuple, choices: HashChoices): number {
  const hash = jhash([Math.min(src, dst), Math.max(src, dst), ports], choices.seed);
  return (reciprocalScale((hash ^ (protocol & choices.protocolMask)) >>> 0, choices.modulus) + choices.offset) >>> 0;
}

export function tupleOfEntry(attachment: Attachment | undefined, choices: HashChoices): HashTuple | undefined {
  if (attachment?.kind !== 'tracked') return undefined;
  const { original, reply } = attachment.entry;
  const { protocol } = original;
  return {
    ...hashedAddresses(original.src, reply.src, choices),
    ports: protocol === PROTOCOL.icmp ? 0 : sortedPorts(original.sport * 0x10000 + reply.sport, choices),
    protocol,
  };
}

/** An ICMP error counts as the packet that it quotes. */
export function tupleOfPacket(packet: Packet, choices: HashChoices): HashTuple {
  const { transport } = packet;
  if (transport.kind === 'icmp' && transport.inner && packet.fragment === undefined)
    return tupleOfPacket(transport.inner, choices);
  const place = headerOf(packet);
  if (place === undefined) return { src: 0, dst: 0, ports: 0, protocol: 0 };
  const addresses = hashedAddresses(packet.src, packet.dst, choices);
  const { protocol } = place;
  const at = PORTS_AT.get(protocol);
  const whole = packet.fragment === undefined && at !== undefined && !isIcmp(protocol);
  const ports = whole ? numberAt(packet, place.offset + at, 4) : undefined;
  return { ...addresses, ports: ports === undefined ? 0 : sortedPorts(ports, choices), protocol };
}

/** An authentication header counts like one of ESP; undefined where the headers are cut short. */
function headerOf(packet: Packet): HeaderPlace | undefined {
  if (packet.family === 'ipv4') return { protocol: packet.protocol, offset: IP_HEADER_BYTES.ipv4 };
  const auth = findIpv6Header(packet, EXTENSION.auth);
  const found = typeof auth === 'string' ? findIpv6Header(packet) : auth;
  return typeof found === 'string' ? undefined : found;
}

/** Where the four bytes stand that are ports, or an index. @kernel include/linux/in.h:proto_ports_offset */
const PORTS_AT: ReadonlyMap<number, number> = new Map([
  [PROTOCOL.tcp, 0],
  [PROTOCOL.udp, 0],
  [PROTOCOL.udplite, 0],
  [PROTOCOL.sctp, 0],
  [PROTOCOL.dccp, 0],
  [PROTOCOL.esp, 0],
  [PROTOCOL.ah, 4],
]);

/** The larger port comes first. */
function sortedPorts(ports: number, { portMask, portSet }: HashChoices): number {
  const masked = ((ports & portMask) | portSet) >>> 0;
  const [src, dst] = [masked >>> 16, masked & 0xffff];
  return (Math.max(src, dst) * 0x10000 + Math.min(src, dst)) >>> 0;
}

function hashedAddresses(
  src: Address,
  dst: Address,
  { srcPrefix, dstPrefix }: HashChoices,
): Pick<HashTuple, 'src' | 'dst'> {
  return { src: hashedAddress(src, srcPrefix), dst: hashedAddress(dst, dstPrefix) };
}

/** The four words of an IPv6 address, folded into one. */
function hashedAddress(address: Address, prefix: number): number {
  const value = addressValue(maskAddress(address, prefixMask(prefix, familyOf(address))));
  let folded = 0;
  for (let rest = value; rest > 0n; rest >>= 32n) folded ^= Number(rest & 0xffff_ffffn);
  return folded >>> 0;
}
