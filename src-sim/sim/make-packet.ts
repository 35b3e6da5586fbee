/** From a scenario's packet to the packet on the wire: its headers and its length. */
import { type Address, familyOf, parseAddress } from '../net/address';
import { withExtensionsRead } from '../net/ipv6-extensions';
import {
  IP_HEADER_BYTES,
  type Packet,
  type SackBlock,
  type TcpOptions,
  type Transport,
  tcpFlags,
  transportBytes,
} from '../net/packet';
import { PROTOCOL, protocolNumber } from '../net/protocol';
import type { ScenarioPacket } from './scenario';

/** SCTP's common header and one DATA or INIT chunk, as the contract's packets carry. */
const SCTP_BYTES = 32;
const GRE_HEADER_BYTES = 4;
/** What a packet of another protocol carries where its scenario names no payload. */
const OTHER_PAYLOAD = '\0'.repeat(16);

/** @throws Error when the protocol is unknown. */
export function makePacket(source: ScenarioPacket): Packet {
  const family = familyOf(source.src);
  const protocol = protocolNumber(String(source.proto));
  if (protocol === undefined) throw new Error(`unknown protocol: ${source.proto}`);
  const transport = makeTransport(source, protocol);
  const whole = transportBytes(transport);
  const { frag } = source;
  const carried = frag === undefined ? whole : Math.min(whole - frag.offset * 8, frag.size ?? whole);
  const packet: Packet = {
    family,
    src: canonical(source.src),
    dst: canonical(source.dst),
    protocol,
    ttl: source.ttl ?? 64,
    tos: source.tos ?? 0,
    id: source.id ?? 0,
    dontFragment: source.df ?? false,
    length: IP_HEADER_BYTES[family] + Math.max(0, carried),
    transport,
  };
  const payload = payloadOf(source, transport);
  // Most packets have neither, and there may be millions of them: none is copied without need.
  if (frag === undefined && payload === undefined) return packet;
  return withExtensionsRead({
    ...packet,
    ...(frag === undefined ? {} : asFragment(frag, carried < whole)),
    ...(payload === undefined ? {} : { payload }),
  });
}

/** An IPv6 address may be written in many ways, and is kept in one. */
function canonical(address: Address): Address {
  if (!address.includes(':') || isShort(address)) return address;
  return parseAddress(address) ?? address;
}

/** Most are canonical: no capitals, no zero group but for one run, no leading zeros. */
function isShort(address: string): boolean {
  return !/[A-F.]|(^|:)0|:::/.test(address) && address.includes('::');
}

/** What is neither a first nor a later piece is a packet like any other, though it may lack its end. */
function asFragment(
  { offset, more = false }: NonNullable<ScenarioPacket['frag']>,
  isCut: boolean,
): Pick<Packet, 'fragment' | 'spoilt'> {
  if (offset > 0 || more) return { fragment: { offset, more } };
  return isCut ? { spoilt: true } : {};
}

function payloadOf({ payload }: ScenarioPacket, { kind, dataLength }: Transport): string | undefined {
  if (typeof payload === 'string') return payload;
  return kind === 'other' && !payload && dataLength === OTHER_PAYLOAD.length ? OTHER_PAYLOAD : undefined;
}

export function makeTransport(source: ScenarioPacket, protocol: number): Transport {
  const dataLength = typeof source.payload === 'string' ? source.payload.length : (source.payload ?? 0);
  const { sport = 0, dport = 0 } = source;
  switch (protocol) {
    case PROTOCOL.tcp:
      return {
        kind: 'tcp',
        sport,
        dport,
        dataLength,
        flags: tcpFlags(source.flags ?? 'S'),
        seq: (source.seq ?? 0) >>> 0,
        ack: (source.ack ?? 0) >>> 0,
        window: source.win ?? 65_535,
        options: makeOptions(source),
      };
    case PROTOCOL.udp:
    case PROTOCOL.udplite:
      return { kind: 'udp', sport, dport, dataLength };
    case PROTOCOL.icmp:
    case PROTOCOL.icmpv6:
      return makeIcmp(source, dataLength);
    case PROTOCOL.sctp:
      return {
        kind: 'sctp',
        sport,
        dport,
        tag: source.vtag ?? 1,
        chunk: source.chunk ?? 1,
        initTag: source.itag ?? 7,
        dataLength: SCTP_BYTES,
      };
    case PROTOCOL.gre:
      return { kind: 'other', dataLength: GRE_HEADER_BYTES + dataLength };
    default:
      return { kind: 'other', dataLength: dataLength || OTHER_PAYLOAD.length };
  }
}

function makeOptions({ mss, wscale, sackok, sack }: ScenarioPacket): TcpOptions {
  if (!mss && wscale === undefined && !sackok && !sack?.length) return NO_OPTIONS;
  return {
    ...(mss ? { mss } : {}),
    ...(wscale === undefined ? {} : { windowScale: wscale }),
    ...(sackok ? { sackPermitted: true } : {}),
    ...(sack?.length ? { sack: sack.map(([left, right]): SackBlock => [left >>> 0, right >>> 0]) } : {}),
  };
}

export const NO_OPTIONS: TcpOptions = {};

function makeIcmp(source: ScenarioPacket, dataLength: number): Transport {
  const { type = 8, code = 0, id = 0, seq = 0, mtu, inner, truncate = true } = source.icmp ?? {};
  if (inner === undefined) return { kind: 'icmp', type, code, id, seq, dataLength };
  const quoted = makePacket(inner);
  const quotedBytes = truncate ? Math.min(quoted.length, quoted.family === 'ipv4' ? 28 : 48) : quoted.length;
  // In an error the id's place holds zero, the sequence number's place the MTU.
  return {
    kind: 'icmp',
    type,
    code,
    id: 0,
    seq: 0,
    inner: quoted,
    dataLength: quotedBytes,
    ...(mtu === undefined ? {} : { mtu }),
  };
}
