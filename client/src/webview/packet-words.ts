/** A scenario's packet in the words of the packet list. */
import { familyOf } from '../../../src-sim/net/address';
import { icmpTypes, icmpTypeText } from '../../../src-sim/net/icmp-type';
import { PROTOCOL, protocolName, protocolNumber } from '../../../src-sim/net/protocol';
import type { ScenarioPacket } from '../../../src-sim/sim/scenario';

export interface PacketWords {
  /** `eth0 ▸`, `local ▸` */
  readonly from: string;
  readonly protocol: string;
  /** TCP's flags or ICMP's type. */
  readonly kind: string;
  readonly tuple: string;
}

const FLAG_NAMES: Readonly<Record<string, string>> = {
  F: 'FIN',
  S: 'SYN',
  R: 'RST',
  P: 'PSH',
  A: 'ACK',
  U: 'URG',
  E: 'ECE',
  C: 'CWR',
};

export function packetWords(packet: ScenarioPacket): PacketWords {
  const protocol = packetProtocol(packet);
  return {
    from: `${packet.out ? 'local' : (packet.in ?? '?')} ▸`,
    protocol: protocolName(protocol).toUpperCase(),
    kind: kindWords(packet, protocol),
    tuple: `${endpointText(packet.src, packet.sport)} ▸ ${endpointText(packet.dst, packet.dport)}`,
  };
}

export function packetProtocol(packet: ScenarioPacket): number {
  return protocolNumber(String(packet.proto)) ?? 0;
}

export function isIcmp(protocol: number): boolean {
  return protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmpv6;
}

/** The contract's default: a TCP packet without flags is a SYN. */
export function flagLetters(packet: ScenarioPacket): string {
  return packet.flags ?? 'S';
}

function flagNames(letters: string): string {
  return [...letters].map((letter) => FLAG_NAMES[letter] ?? letter).join(' ') || 'no flags';
}

export function endpointText(address: string, port: number | undefined): string {
  if (port === undefined) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function kindWords(packet: ScenarioPacket, protocol: number): string {
  if (protocol === PROTOCOL.tcp) return flagNames(flagLetters(packet));
  if (!isIcmp(protocol) || packet.icmp === undefined) return '';
  return icmpKind(packet.icmp.type, packet.icmp.code, packet.src);
}

/** `echo request`; a type whose name has no code is looked up without the code. */
function icmpKind(type: number, code: number | undefined, address: string): string {
  const family = familyOf(address);
  const exact = icmpTypeText(type, code, family);
  const name = /^\d/.test(exact) && icmpTypes(family).some((known) => known.type === type && known.code === undefined);
  return (name ? icmpTypeText(type, undefined, family) : exact).replaceAll('-', ' ');
}
