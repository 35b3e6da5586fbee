/** An entry as `ipset add` writes it: `10.0.0.0/8,tcp:80-90` may stand for many. */
import { type Address, addressFromValue, addressValue, familyOf, parseAddress } from '../net/address';
import { findIcmpType } from '../net/icmp-type';
import { PROTOCOL } from '../net/protocol';
import { namedProtocol } from '../net/protocol-name';
import { servicePort } from '../net/service';
import { hostBits, networkOf, type SetField } from './ipset-entry';
import { type EntryKey, isInRange, isRefusedHost, networkText, type SetShape } from './ipset-key';

/** More entries than anybody means by one range. @kernel net/netfilter/ipset/ip_set.h:IPSET_MAX_RANGE */
const MOST_ENTRIES = 1 << 20;

/** @throws Error where the text is no entry of such a set. */
export function readElement(shape: SetShape, text: string, isPrefix: boolean): readonly EntryKey[] {
  const words = text.split(',');
  if (words.length !== shape.fields.length) throw new Error(`${text} has not ${shape.fields.length} parts`);
  let keys: readonly EntryKey[] = [{ parts: [], iface: undefined }];
  for (const [index, field] of shape.fields.entries()) {
    const word = words[index] ?? '';
    if (field === 'iface') keys = keys.map((key) => withInterface(key, word, isPrefix));
    else keys = combine(keys, readPart(shape, field, word));
  }
  return keys;
}

function combine(keys: readonly EntryKey[], values: readonly string[]): readonly EntryKey[] {
  if (keys.length * values.length > MOST_ENTRIES) throw new Error('the range is too large');
  return keys.flatMap((key) => values.map((value) => ({ ...key, parts: [...key.parts, value] })));
}

/** `physdev:eth0` is a bridge's port: another entry than the interface of that name. */
function withInterface(key: EntryKey, word: string, isPrefix: boolean): EntryKey {
  const [, physdev, name = ''] = /^(physdev:)?(.*)$/.exec(word) ?? [];
  return { parts: physdev ? [...key.parts, 'physdev'] : key.parts, iface: { name, isPrefix } };
}

function readPart(shape: SetShape, field: SetField, word: string): readonly string[] {
  switch (field) {
    case 'ip':
      return readHosts(shape, word);
    case 'net':
      return readNetworks(shape, word);
    case 'port':
      return shape.range === undefined ? readPorts(word) : readBitmapPorts(shape, word);
    case 'mac':
      if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(word)) throw new Error(`${word} is not a MAC address`);
      return [word.toLowerCase()];
    case 'mark':
      return [String((readNumber(word) & shape.markMask) >>> 0)];
    default:
      throw new Error(`${word} has no place in such a set`);
  }
}

export interface AddressRange {
  readonly min: Address;
  readonly max: Address;
}

/** `a`, `a/len`, `a-b`. @throws Error */
export function readAddressRange(word: string): AddressRange {
  const [from = '', to] = word.split('-');
  if (to !== undefined) {
    const [min, max] = [readAddress(from), readAddress(to)].sort(byValue);
    if (min && max && familyOf(min) === familyOf(max)) return { min, max };
  }
  const [text = '', lengthText] = word.split('/');
  const address = readAddress(text);
  const length = lengthText === undefined ? hostBits(address) : Number(lengthText);
  if (to !== undefined || !(length >= 0 && length <= hostBits(address))) throw new Error(`${word} is not a network`);
  const { address: min } = networkOf(address, length);
  const size = 1n << BigInt(hostBits(address) - length);
  return { min, max: addressFromValue(addressValue(min) + size - 1n, familyOf(min)) };
}

function byValue(a: Address, b: Address): number {
  return addressValue(a) < addressValue(b) ? -1 : 1;
}

function readAddress(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`${text} is not an address`);
  return address;
}

/** The protocol may be written, and does not count. */
function readBitmapPorts(shape: SetShape, word: string): readonly string[] {
  const ports = readSpan(word.replace(/^(tcp|udp):/, ''), PROTOCOL.tcp);
  if (!ports.every((port) => isInRange(shape, BigInt(port)))) throw new Error(`${word} is out of the range of the set`);
  return ports.map(String);
}

function checkFamily({ family }: SetShape, address: Address): void {
  if (family !== undefined && familyOf(address) !== family) throw new Error(`${address} is not of the set's family`);
}

function readHosts(shape: SetShape, word: string): readonly string[] {
  const { min, max } = readAddressRange(word);
  checkFamily(shape, min);
  const [from, to] = [addressValue(min), addressValue(max)];
  if (min !== max && familyOf(min) === 'ipv6') throw new Error(`${word} is not one address`);
  if (min === max && isRefusedHost(shape, min)) throw new Error(`${word} cannot be stored`);
  if (to - from >= BigInt(MOST_ENTRIES)) throw new Error(`${word} is too large a range`);
  const { mask } = shape;
  if (![from, to].every((end) => isInRange(shape, end))) throw new Error(`${word} is out of the range of the set`);
  const bits = mask === undefined ? undefined : addressValue(mask);
  const hosts = new Set<string>();
  for (let value = from; value <= to; value++) {
    hosts.add(addressFromValue(bits === undefined ? value : value & bits, familyOf(min)));
  }
  return [...hosts];
}

/** Sets that hold networks of every length. @kernel IP_SET_HASH_WITH_NET0 */
const WITH_EVERYTHING: ReadonlySet<string> = new Set(['hash:net,iface', 'hash:net,net', 'hash:net,port,net']);

/** A network, or those that a range is made of. @kernel lib: ip_set_range_to_cidr */
function readNetworks(shape: SetShape, word: string): readonly string[] {
  const { min, max } = readAddressRange(word);
  checkFamily(shape, min);
  const bits = BigInt(hostBits(min));
  if (word.endsWith('/0') && !WITH_EVERYTHING.has(shape.type)) throw new Error(`${shape.type} cannot hold ${word}`);
  const networks: string[] = [];
  const end = addressValue(max);
  for (let value = addressValue(min); value <= end; ) {
    let host = 0n;
    while (host < bits && value % (2n << host) === 0n && value + (2n << host) - 1n <= end) host += 1n;
    networks.push(networkText(addressFromValue(value, familyOf(min)), Number(bits - host)));
    value += 1n << host;
  }
  return networks;
}

/** `80`, `tcp:80-90`, `udp:domain`, `icmp:echo-request`, `icmp:8/0`, `gre:0`; TCP where no protocol is named. */
function readPorts(word: string): readonly string[] {
  const [, name, text = ''] = /^(?:([^:]*):)?(.*)$/.exec(word) ?? [];
  const protocol = name === undefined ? PROTOCOL.tcp : (namedProtocol(name) ?? Number(name));
  if (!Number.isInteger(protocol)) throw new Error(`${name} is not a protocol`);
  return readSpan(text, protocol).map((port) => `${protocol}:${port}`);
}

function readSpan(text: string, protocol: number): readonly number[] {
  if (protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmpv6) return [readIcmp(text, protocol)];
  const whole = readPort(text);
  if (whole !== undefined) return [whole];
  const [from, to] = text.split('-').map(readPort);
  if (from === undefined || to === undefined) throw new Error(`${text} is not a port`);
  const [min, max] = [Math.min(from, to), Math.max(from, to)];
  return Array.from({ length: max - min + 1 }, (_, index) => min + index);
}

/** A service's name may have a dash in it. */
function readPort(text: string): number | undefined {
  const port = /^\d+$/.test(text) ? Number(text) : servicePort(text);
  return port !== undefined && port <= 65_535 ? port : undefined;
}

function readIcmp(text: string, protocol: number): number {
  const [, type, code] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  if (type !== undefined) return (Number(type) << 8) | Number(code);
  const named = findIcmpType(text, protocol === PROTOCOL.icmp ? 'ipv4' : 'ipv6');
  if (named) return (named.type << 8) | (named.code ?? 0);
  return readNumber(text);
}

/** Decimal or `0x` hexadecimal. @throws Error */
export function readNumber(text: string): number {
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text)) throw new Error(`${text} is not a number`);
  return Number(text);
}
