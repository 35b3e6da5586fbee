/** What a set looks up: entries as text, and the text that a packet makes. */
import { type Address, addressValue, type Family, maskAddress } from '../net/address';
import type { Packet } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import type { SetDirection, SetSubject } from './ipset';
import { addressAt, type EntryInterface, networkOf, portAt, type SetField, type SetTraits } from './ipset-entry';

/** The parts of an entry, one a dimension, as text; a network is `10.0.0.0/8`, a port `6:80`. */
export interface EntryKey {
  readonly parts: readonly string[];
  readonly iface: EntryInterface | undefined;
}

export interface SetShape extends SetTraits {
  readonly name: string;
  readonly type: string;
  readonly family: Family | undefined;
  readonly fields: readonly SetField[];
  /** `netmask`, `bitmask`: what is left of each address. */
  readonly mask: Address | undefined;
  readonly markMask: number;
  /** Bitmaps: both ends included; addresses or ports as numbers. */
  readonly range: { readonly min: bigint; readonly max: bigint } | undefined;
  readonly maxElements: number;
  /** `forceadd`: a full set throws an entry out to take another in. */
  readonly forceAdd: boolean;
}

/**
 * Sets that refuse the address 0.0.0.0.
 *
 * @kernel ip_set_hash_ip.c:hash_ip4_kadt, ip_set_hash_ipport.c:hash_ipport4_kadt
 */
const WITHOUT_ZERO: ReadonlySet<string> = new Set(['hash:ip', 'hash:ip,port']);

/** A packet's key before its networks are chosen: the address, and the place that its network takes. */
export interface PacketKey {
  readonly parts: readonly string[];
  readonly iface: EntryInterface | undefined;
  readonly nets: readonly { readonly place: number; readonly address: Address }[];
}

export function networkText(address: Address, length: number): string {
  return `${networkOf(address, length).address}/${length}`;
}

/** What a set looks up of a packet; a text says why it can look nothing up. */
export function packetKey(
  shape: SetShape,
  subject: SetSubject,
  directions: readonly SetDirection[],
): PacketKey | string {
  const parts: string[] = [];
  const nets: { readonly place: number; readonly address: Address }[] = [];
  let iface: EntryInterface | undefined;
  for (const [index, field] of shape.fields.entries()) {
    const direction = directions[index] ?? 'src';
    const part = partOf(shape, field, subject, direction);
    if (part === undefined) return `the packet has no ${FIELD_NAMES[field]}`;
    if (field === 'iface') iface = { name: part, isPrefix: false };
    else parts.push(part);
    if (field === 'net') nets.push({ place: parts.length - 1, address: part });
  }
  return { parts, iface, nets };
}

const FIELD_NAMES: Readonly<Record<SetField, string>> = {
  ip: 'address that the set could hold',
  net: 'address',
  port: 'port',
  iface: 'interface of that direction here',
  mac: 'link-layer address here',
  mark: 'mark',
};

function partOf(
  shape: SetShape,
  field: SetField,
  { packet, context }: SetSubject,
  direction: SetDirection,
): string | undefined {
  switch (field) {
    case 'ip':
      return hostPart(shape, addressAt(packet, direction));
    case 'net':
      return masked(shape, addressAt(packet, direction));
    case 'port':
      return portPart(shape, packet, direction);
    case 'iface':
      return direction === 'src' ? context.inDevice : context.outDevice;
    case 'mac':
      return direction === 'src' ? context.macSource : context.macDestination;
    case 'mark':
      return String((context.mark & shape.markMask) >>> 0);
  }
}

function masked({ mask }: SetShape, address: Address): Address {
  return mask === undefined ? address : maskAddress(address, mask);
}

function hostPart(shape: SetShape, address: Address): string | undefined {
  const host = masked(shape, address);
  return isRefusedHost(shape, host) || !isInRange(shape, addressValue(address)) ? undefined : host;
}

export function isRefusedHost({ type }: SetShape, host: Address): boolean {
  return addressValue(host) === 0n && WITHOUT_ZERO.has(type);
}

/**
 * A bitmap of ports does not know protocols, and takes TCP and UDP only.
 *
 * @kernel ip_set_bitmap_port.c:ip_set_get_ip_port
 */
function portPart(shape: SetShape, packet: Packet, direction: SetDirection): string | undefined {
  const found = portAt(packet, direction);
  if (found === undefined || shape.range === undefined) return found && `${found.protocol}:${found.port}`;
  const isKnown = found.protocol === PROTOCOL.tcp || found.protocol === PROTOCOL.udp;
  return isKnown && isInRange(shape, BigInt(found.port)) ? String(found.port) : undefined;
}

export function isInRange({ range }: SetShape, value: bigint): boolean {
  return range === undefined || (range.min <= value && value <= range.max);
}
