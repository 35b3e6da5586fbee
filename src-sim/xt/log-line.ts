/**
 * The line that LOG writes for a packet.
 *
 * @kernel net/netfilter/nf_log_syslog.c:nf_log_ip_packet, nf_log_ip6_packet
 * @deviates IP options and the user of a local process are not known here: left out
 */
import { addressValue } from '../net/address';
import { optionBytes } from '../net/bytes';
import { isLaterFragment, type Packet, TCP_FLAG, type TcpSegment } from '../net/packet';
import { hex } from './value-types';
import type { World } from './world';

export interface LogChoices {
  readonly prefix: string;
  readonly withSequence: boolean;
  readonly withOptions: boolean;
  readonly withMacs: boolean;
}

export function logLine(packet: Packet, world: World, choices: LogChoices): string {
  const device = `${choices.prefix}IN=${world.inDevice ?? ''} OUT=${world.outDevice ?? ''}`;
  const mark = world.mark === 0 ? [] : [`MARK=${hex(world.mark)}`];
  return [device, ...macWords(world, choices), ...packetWords(packet, choices), ...mark].join(' ');
}

/** @kernel nf_log_syslog.c:dump_mac_header */
function macWords({ macSource, macDestination, inDevice, family }: World, { withMacs }: LogChoices): readonly string[] {
  if (inDevice === undefined) return [];
  if (macSource === undefined || macDestination === undefined) return ['MAC='];
  const type = family === 'ipv4' ? '0800' : '86dd';
  if (withMacs) return [`MACSRC=${macSource}`, `MACDST=${macDestination}`, `MACPROTO=${type}`];
  return [`MAC=${macDestination}:${macSource}:${type.slice(0, 2)}:${type.slice(2)}`];
}

function packetWords(packet: Packet, choices: LogChoices): readonly string[] {
  const header = packet.family === 'ipv4' ? ipv4Words(packet) : ipv6Words(packet);
  return [...header, ...transportWords(packet, choices)];
}

/** The TOS byte in the halves of RFC 1349. */
function ipv4Words({ src, dst, length, tos, ttl, id, dontFragment, fragment }: Packet): readonly string[] {
  return [
    `SRC=${src}`,
    `DST=${dst}`,
    `LEN=${length}`,
    `TOS=0x${upperByte(tos & 0x1e)}`,
    `PREC=0x${upperByte(tos & 0xe0)}`,
    `TTL=${ttl}`,
    `ID=${id}`,
    ...(dontFragment ? ['DF'] : []),
    ...(fragment?.more ? ['MF'] : []),
    ...(fragment && fragment.offset > 0 ? [`FRAG:${fragment.offset}`] : []),
  ];
}

function ipv6Words({ src, dst, length, tos, ttl }: Packet): readonly string[] {
  return [
    `SRC=${wholeIpv6(src)}`,
    `DST=${wholeIpv6(dst)}`,
    `LEN=${length}`,
    `TC=${tos}`,
    `HOPLIMIT=${ttl}`,
    'FLOWLBL=0',
  ];
}

/** Eight groups of four digits, as `%pI6` prints. */
export function wholeIpv6(address: string): string {
  const digits = addressValue(address).toString(16).padStart(32, '0');
  return (digits.match(/.{4}/g) ?? []).join(':');
}

function transportWords(packet: Packet, choices: LogChoices): readonly string[] {
  const { transport, protocol } = packet;
  const name = `PROTO=${LOGGED_BY_NAME[protocol] ?? protocol}`;
  if (isLaterFragment(packet)) return [name];
  switch (transport.kind) {
    case 'tcp':
      return [name, ...tcpWords(transport, choices)];
    case 'udp':
      return [name, `SPT=${transport.sport}`, `DPT=${transport.dport}`, `LEN=${transport.dataLength + 8}`];
    case 'icmp':
      return [name, ...icmpWords(packet, choices)];
    default:
      return [name];
  }
}

const LOGGED_BY_NAME: Readonly<Record<number, string>> = {
  1: 'ICMP',
  6: 'TCP',
  17: 'UDP',
  50: 'ESP',
  51: 'AH',
  58: 'ICMPv6',
  136: 'UDPLITE',
};

/** In the order in which the kernel prints them. */
const FLAG_WORDS = [
  ['CWR', TCP_FLAG.C],
  ['ECE', TCP_FLAG.E],
  ['URG', TCP_FLAG.U],
  ['ACK', TCP_FLAG.A],
  ['PSH', TCP_FLAG.P],
  ['RST', TCP_FLAG.R],
  ['SYN', TCP_FLAG.S],
  ['FIN', TCP_FLAG.F],
] as const;

function tcpWords(segment: TcpSegment, { withSequence, withOptions }: LogChoices): readonly string[] {
  const options = withOptions ? hexadecimal(optionBytes(segment.options)) : '';
  return [
    `SPT=${segment.sport}`,
    `DPT=${segment.dport}`,
    ...(withSequence ? [`SEQ=${segment.seq}`, `ACK=${segment.ack}`] : []),
    `WINDOW=${segment.window}`,
    'RES=0x00',
    ...FLAG_WORDS.filter(([, bit]) => segment.flags & bit).map(([word]) => word),
    'URGP=0',
    ...(options === '' ? [] : [`OPT (${options})`]),
  ];
}

function hexadecimal(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join('');
}

function icmpWords({ transport, family }: Packet, choices: LogChoices): readonly string[] {
  if (transport.kind !== 'icmp') return [];
  const { type, code, id, seq, mtu, inner, dataLength } = transport;
  const asks = family === 'ipv4' ? [0, 8, 13, 14].includes(type) : type === 128 || type === 129;
  const needsMtu = family === 'ipv4' ? type === 3 && code === 4 : type === 2;
  return [
    `TYPE=${type}`,
    `CODE=${code}`,
    ...(asks ? [`ID=${id}`, `SEQ=${seq}`] : []),
    ...(family === 'ipv4' && type === ICMP_REDIRECT ? ['GATEWAY=0.0.0.0'] : []),
    ...(inner ? [`[${quotedWords(inner, dataLength, choices).join(' ')} ]`] : []),
    ...(needsMtu ? [`MTU=${mtu ?? 0}`] : []),
  ];
}

const ICMP_REDIRECT = 5;
const TCP_HEADER_BYTES = 20;

/** Of a TCP segment an error mostly quotes the ports and the sequence number only: too little to print. */
function quotedWords(inner: Packet, quotedBytes: number, choices: LogChoices): readonly string[] {
  const header = inner.family === 'ipv4' ? ipv4Words(inner) : ipv6Words(inner);
  const carried = quotedBytes - (inner.family === 'ipv4' ? 20 : 40);
  const isCut = inner.transport.kind === 'tcp' && !isLaterFragment(inner) && carried < TCP_HEADER_BYTES;
  return isCut ? [...header, 'PROTO=TCP', `INCOMPLETE [${carried} bytes]`] : packetWords(inner, choices);
}

function upperByte(value: number): string {
  return value.toString(16).toUpperCase().padStart(2, '0');
}
