/**
 * A packet that may go a learnt way, as numbers: TCP or UDP over IPv4 that came in whole by a device, addressed to the
 * host, with a time to live. One object serves for all packets.
 */
import type { CtState } from '../../conntrack/entry';
import { addressPoint } from '../../net/address';
import { type TcpSegment, type Transport, transportBytes, type UdpDatagram } from '../../net/packet';
import { PROTOCOL, protocolNumber } from '../../net/protocol';
import type { HeaderFields } from '../compiled/header';
import { makeTransport, NO_OPTIONS } from '../make-packet';
import type { PacketColumns } from '../packet-columns';
import type { ScenarioPacket } from '../scenario';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What may stand in a packet of a scenario without its being anything else than plain. */
const PLAIN_FIELDS: ReadonlySet<string> = new Set(
  'in src dst proto sport dport flags seq ack win mss wscale sackok payload ttl tos id df wait'.split(' '),
);

const IP_HEADER_BYTES = 20;
const TCP_HEADER_BYTES = 20;
const UDP_HEADER_BYTES = 8;
/** Longer packets may not fit, and what happens then depends on more. */
export const MTU = 1500;

const NO_ADDRESS = '0.0.0.0';
const SEGMENT = { src: NO_ADDRESS, dst: NO_ADDRESS, proto: 'tcp' };

export class PlainPacket implements HeaderFields {
  in: string | undefined = '';
  out: string | undefined = undefined;
  src = 0;
  dst = 0;
  protocol = 0;
  sport = 0;
  dport = 0;
  tcpFlags = 0;
  /** Of the IP packet. */
  length = 0;
  transport: Transport;
  /** TCP's. */
  hasOptions = false;
  readonly icmp = 0;
  readonly mark = 0;
  readonly state: CtState = 'NEW';
  /** Filled in anew for each row of columns. */
  readonly #segment = makeTransport(SEGMENT, PROTOCOL.tcp) as Mutable<TcpSegment>;
  readonly #datagram = makeTransport(SEGMENT, PROTOCOL.udp) as Mutable<UdpDatagram>;

  constructor() {
    this.transport = this.#segment;
  }

  /** @returns whether the packet is plain */
  readRow(columns: PacketColumns, row: number): boolean {
    const device = columns.device[row] ?? 0;
    if (device === 0 || (columns.ttl[row] ?? 0) <= 1) return false;
    this.in = columns.devices[device];
    this.src = columns.src[row] ?? 0;
    this.dst = columns.dst[row] ?? 0;
    this.protocol = columns.protocol[row] ?? 0;
    this.sport = columns.sport[row] ?? 0;
    this.dport = columns.dport[row] ?? 0;
    const dataLength = columns.dataLength[row] ?? 0;
    this.hasOptions = false;
    if (this.protocol === PROTOCOL.tcp) {
      this.#readSegment(columns, row, dataLength);
    } else {
      const datagram = this.#datagram;
      this.tcpFlags = 0;
      this.transport = datagram;
      datagram.sport = this.sport;
      datagram.dport = this.dport;
      datagram.dataLength = dataLength;
      this.length = IP_HEADER_BYTES + UDP_HEADER_BYTES + dataLength;
    }
    return this.length <= MTU;
  }

  #readSegment(columns: PacketColumns, row: number, dataLength: number): void {
    const segment = this.#segment;
    this.transport = segment;
    this.tcpFlags = columns.tcpFlags[row] ?? 0;
    this.length = IP_HEADER_BYTES + TCP_HEADER_BYTES + dataLength;
    segment.sport = this.sport;
    segment.dport = this.dport;
    segment.dataLength = dataLength;
    segment.flags = this.tcpFlags;
    segment.seq = columns.seq[row] ?? 0;
    segment.ack = columns.ack[row] ?? 0;
    segment.window = columns.window[row] ?? 0;
  }

  /** @returns whether the packet is plain */
  read(source: ScenarioPacket): boolean {
    if (source.in === undefined || source.src.includes(':') || source.dst.includes(':')) return false;
    if (source.ttl !== undefined && source.ttl <= 1) return false;
    for (const field in source) if (!PLAIN_FIELDS.has(field)) return false;
    const protocol = protocolNumber(String(source.proto));
    if (protocol !== PROTOCOL.tcp && protocol !== PROTOCOL.udp) return false;
    this.in = source.in;
    this.src = Number(addressPoint(source.src));
    this.dst = Number(addressPoint(source.dst));
    this.protocol = protocol;
    this.transport = makeTransport(source, protocol);
    this.sport = source.sport ?? 0;
    this.dport = source.dport ?? 0;
    const segment = this.transport.kind === 'tcp' ? this.transport : undefined;
    this.tcpFlags = segment?.flags ?? 0;
    this.hasOptions = segment !== undefined && segment.options !== NO_OPTIONS;
    this.length = IP_HEADER_BYTES + transportBytes(this.transport);
    return this.length <= MTU;
  }
}
