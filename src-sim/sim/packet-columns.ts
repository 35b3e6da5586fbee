/**
 * Packets as columns of numbers: what a reader of captures or a generator has in its hands, and what verdicts on
 * millions of packets are quickest with. What columns do not hold stays a packet of the scenario's.
 */
import { addressPoint, ipv4Address } from '../net/address';
import { tcpFlagLetters, tcpFlags } from '../net/packet';
import { PROTOCOL, protocolNumber } from '../net/protocol';
import type { ScenarioPacket } from './scenario';

export class PacketColumns {
  /** Devices by number; 0: the packet stands in `others`. */
  readonly devices: string[] = [''];
  readonly device: Uint8Array;
  readonly protocol: Uint8Array;
  readonly src: Uint32Array;
  readonly dst: Uint32Array;
  readonly sport: Uint16Array;
  readonly dport: Uint16Array;
  readonly ttl: Uint8Array;
  readonly tos: Uint8Array;
  /** Bytes of data behind the transport header. */
  readonly dataLength: Uint16Array;
  readonly tcpFlags: Uint8Array;
  readonly seq: Uint32Array;
  readonly ack: Uint32Array;
  readonly window: Uint16Array;
  /** Seconds of virtual time that pass before the packet. */
  readonly wait: Float64Array;
  readonly others = new Map<number, ScenarioPacket>();

  constructor(readonly length: number) {
    this.device = new Uint8Array(length);
    this.protocol = new Uint8Array(length);
    this.src = new Uint32Array(length);
    this.dst = new Uint32Array(length);
    this.sport = new Uint16Array(length);
    this.dport = new Uint16Array(length);
    this.ttl = new Uint8Array(length).fill(64);
    this.tos = new Uint8Array(length);
    this.dataLength = new Uint16Array(length);
    this.tcpFlags = new Uint8Array(length);
    this.seq = new Uint32Array(length);
    this.ack = new Uint32Array(length);
    this.window = new Uint16Array(length).fill(DEFAULT_WINDOW);
    this.wait = new Float64Array(length);
  }

  static of(packets: readonly ScenarioPacket[]): PacketColumns {
    const columns = new PacketColumns(packets.length);
    for (const [row, packet] of packets.entries()) columns.set(row, packet);
    return columns;
  }

  set(row: number, packet: ScenarioPacket): void {
    const protocol = protocolNumber(String(packet.proto));
    const device = this.#deviceNumber(packet.in ?? '');
    this.wait[row] = packet.wait ?? 0;
    if (protocol === undefined || device === 0 || !fits(packet, protocol)) {
      this.others.set(row, packet);
      return;
    }
    this.device[row] = device;
    this.protocol[row] = protocol;
    this.src[row] = Number(addressPoint(packet.src));
    this.dst[row] = Number(addressPoint(packet.dst));
    this.sport[row] = packet.sport ?? 0;
    this.dport[row] = packet.dport ?? 0;
    this.ttl[row] = packet.ttl ?? 64;
    this.tos[row] = packet.tos ?? 0;
    this.dataLength[row] = Number(packet.payload ?? 0);
    this.tcpFlags[row] = tcpFlags(packet.flags ?? 'S');
    this.seq[row] = packet.seq ?? 0;
    this.ack[row] = packet.ack ?? 0;
    this.window[row] = packet.win ?? DEFAULT_WINDOW;
  }

  /** The packet as a scenario has it. */
  packet(row: number): ScenarioPacket {
    return this.others.get(row) ?? this.#written(row);
  }

  #written(row: number): ScenarioPacket {
    const at = (column: { readonly [row: number]: number }) => column[row] ?? 0;
    const tcp = {
      flags: tcpFlagLetters(at(this.tcpFlags)),
      seq: at(this.seq),
      ack: at(this.ack),
      win: at(this.window),
    };
    return {
      in: this.devices[at(this.device)] ?? '',
      src: ipv4Address(at(this.src)),
      dst: ipv4Address(at(this.dst)),
      proto: at(this.protocol),
      sport: at(this.sport),
      dport: at(this.dport),
      ttl: at(this.ttl),
      tos: at(this.tos),
      payload: at(this.dataLength),
      wait: at(this.wait),
      ...(at(this.protocol) === PROTOCOL.tcp ? tcp : {}),
    };
  }

  /** From 1; 0: there are too many, or it has no name. */
  #deviceNumber(name: string): number {
    const known = this.devices.indexOf(name);
    if (known !== -1 || this.devices.length === MOST_DEVICES) return Math.max(0, known);
    return this.devices.push(name) - 1;
  }
}

const DEFAULT_WINDOW = 65_535;
const MOST_DEVICES = 256;

/** How large what a column holds may be; a field of a packet that has no column is not there. */
const LARGEST: { readonly [field: string]: number } = {
  sport: 0xffff,
  dport: 0xffff,
  ttl: 0xff,
  tos: 0xff,
  payload: 0xffff,
  seq: 0xffff_ffff,
  ack: 0xffff_ffff,
  win: 0xffff,
};
const TEXTS: ReadonlySet<string> = new Set(['in', 'src', 'dst', 'proto', 'flags', 'wait']);

function fits(packet: ScenarioPacket, protocol: number): boolean {
  if (protocol !== PROTOCOL.tcp && protocol !== PROTOCOL.udp) return false;
  if (packet.src.includes(':') || packet.dst.includes(':')) return false;
  return Object.entries(packet).every(([field, value]: [string, unknown]) => {
    const largest = LARGEST[field];
    if (value === undefined || TEXTS.has(field)) return true;
    return largest !== undefined && Number.isInteger(value) && Number(value) >= 0 && Number(value) <= largest;
  });
}
