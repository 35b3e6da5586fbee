/** IP protocol numbers and their names as /etc/protocols, iptables and TRACE print them. */

export const PROTOCOL = {
  icmp: 1,
  igmp: 2,
  ipip: 4,
  tcp: 6,
  udp: 17,
  dccp: 33,
  ipv6: 41,
  gre: 47,
  esp: 50,
  ah: 51,
  icmpv6: 58,
  pim: 103,
  ospf: 89,
  ipcomp: 108,
  vrrp: 112,
  sctp: 132,
  mh: 135,
  udplite: 136,
} as const;

export type ProtocolName = keyof typeof PROTOCOL;

const NUMBER_OF: ReadonlyMap<string, number> = new Map([...Object.entries(PROTOCOL), ['ipv6-icmp', PROTOCOL.icmpv6]]);
const NAME_OF: ReadonlyMap<number, string> = new Map(Object.entries(PROTOCOL).map(([name, number]) => [number, name]));

export function protocolName(number: number): string {
  return NAME_OF.get(number) ?? String(number);
}

/** The number of a protocol given by name or number, or undefined. `ipv6-icmp` is what iptables-save prints for icmpv6. */
export function protocolNumber(text: string): number | undefined {
  const known = NUMBER_OF.get(text);
  if (known !== undefined) return known;
  const name = text.toLowerCase();
  if (name !== text) return protocolNumber(name);
  return /^\d+$/.test(name) && Number(name) <= 255 ? Number(name) : undefined;
}

/** Protocols whose ports conntrack and NAT know. DCCP's tracker left in 6.16, so its ports do not count. */
export function hasPorts(protocol: number): boolean {
  return PORT_PROTOCOLS.has(protocol);
}

const PORT_PROTOCOLS: ReadonlySet<number> = new Set([PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.sctp, PROTOCOL.udplite]);
