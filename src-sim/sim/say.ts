/** Packets in words, for steps and outcomes. */
import { destinationPort, type Packet, sourcePort } from '../net/packet';
import { protocolName } from '../net/protocol';

/** `198.51.100.7:40000 > 203.0.113.1:80`, without ports where the protocol has none. */
export function tupleText(packet: Packet): string {
  return `${endText(packet.src, sourcePort(packet))} > ${endText(packet.dst, destinationPort(packet))}`;
}

function endText(address: string, port: number | undefined): string {
  if (port === undefined) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** As TRACE's PROTO= prints it. @kernel net/ipv4/netfilter/nf_log_ipv4.c:dump_ipv4_packet */
export function traceProtocol(packet: Packet): string {
  const name = protocolName(packet.protocol);
  if (name === 'icmpv6') return 'ICMPv6';
  return TRACE_NAMES.has(name) ? name.toUpperCase() : String(packet.protocol);
}

const TRACE_NAMES: ReadonlySet<string> = new Set(['icmp', 'tcp', 'udp', 'udplite', 'ah', 'esp']);
