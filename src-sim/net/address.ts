/**
 * IP addresses. An address is its canonical text everywhere (`10.0.0.1`, `2001:db8::1`), so that packets, tuples and
 * rulesets stay JSON; arithmetic goes through its numeric value.
 */

import type { Point } from './interval-set';

export type Family = 'ipv4' | 'ipv6';

/** Canonical text of an IPv4 or IPv6 address, as inet_ntop(3) prints it. */
export type Address = string;

/** An address with the bits of it that count, as `-s 10.0.0.0/8` means it; `mask` is an address too. */
export interface AddressMask {
  readonly address: Address;
  readonly mask: Address;
}

export const ADDRESS_BITS: Readonly<Record<Family, number>> = { ipv4: 32, ipv6: 128 };

const EVERY_BIT: Readonly<Record<Family, Address>> = {
  ipv4: '255.255.255.255',
  ipv6: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
};

const CACHE_LIMIT = 65_536;
const valueCache = new Map<Address, bigint>();

export function familyOf(address: Address): Family {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}

/** The canonical text of an address, or undefined where `text` is none. Strict: four decimal numbers without leading zeros. */
export function parseAddress(text: string): Address | undefined {
  if (isIpv4(text)) return text;
  const value = text.includes(':') ? ipv6Value(text) : ipv4Value(text);
  return value === undefined ? undefined : addressFromValue(value, familyOf(text));
}

/** @throws RangeError when `address` is not canonical text; check input with {@link parseAddress} first. */
export function addressValue(address: Address): bigint {
  const known = valueCache.get(address);
  if (known !== undefined) return known;
  const value = address.includes(':') ? ipv6Value(address) : ipv4Value(address);
  if (value === undefined) throw new RangeError(`not an address: ${address}`);
  if (valueCache.size >= CACHE_LIMIT) valueCache.clear();
  valueCache.set(address, value);
  return value;
}

/** The value of an address as what is quickest to compare: a number where 32 bits hold it. @throws RangeError as above */
export function addressPoint(address: Address): Point {
  if (address === last.address) return last.point;
  if (address === before.address) return before.point;
  const point = familyOf(address) === 'ipv4' ? ipv4Number(address) : addressValue(address);
  before = last;
  last = { address, point };
  return point;
}

/** A packet's two addresses are asked for again and again on its way: the last two are kept. */
let last: { readonly address: Address; readonly point: Point } = { address: '0.0.0.0', point: 0 };
let before = last;

export function addressFromValue(value: bigint, family: Family): Address {
  return family === 'ipv4' ? ipv4Text(value) : ipv6Text(value);
}

export function prefixMask(length: number, family: Family): Address {
  const known = prefixMasks[family][length];
  if (known !== undefined) return known;
  const bits = ADDRESS_BITS[family];
  const ones = (1n << BigInt(bits)) - 1n;
  const mask = addressFromValue((ones << BigInt(bits - length)) & ones, family);
  prefixMasks[family][length] = mask;
  return mask;
}

const prefixMasks: Readonly<Record<Family, Address[]>> = { ipv4: [], ipv6: [] };

/** Whether the mask lets every address through. */
export function isZeroMask(mask: Address): boolean {
  return mask !== EVERY_BIT.ipv4 && addressValue(mask) === 0n;
}

/** How many leading ones a mask has, or undefined where its ones are not contiguous (`255.0.255.0`). */
export function prefixLength(mask: Address): number | undefined {
  const bits = addressValue(mask).toString(2).padStart(ADDRESS_BITS[familyOf(mask)], '0');
  const ones = bits.indexOf('0') === -1 ? bits.length : bits.indexOf('0');
  return bits.includes('1', ones) ? undefined : ones;
}

export function maskAddress(address: Address, mask: Address): Address {
  if (mask === EVERY_BIT.ipv4 || mask === EVERY_BIT.ipv6) return address;
  return addressFromValue(addressValue(address) & addressValue(mask), familyOf(address));
}

/** Whether `address` is in `network`; addresses of another family never are. */
export function inNetwork(address: Address, network: AddressMask): boolean {
  const family = familyOf(address);
  if (family !== familyOf(network.address)) return false;
  if (family === 'ipv4') return ((ipv4Number(address) ^ ipv4Number(network.address)) & ipv4Number(network.mask)) === 0;
  const mask = addressValue(network.mask);
  return (addressValue(address) & mask) === (addressValue(network.address) & mask);
}

/** {@link inNetwork} for one network and many addresses, by their {@link addressPoint}s. */
export function networkTest({ address, mask }: AddressMask): (point: Point) => boolean {
  const ones = addressPoint(mask);
  const value = addressPoint(address);
  if (typeof ones === 'number' && typeof value === 'number') {
    return (point) => typeof point === 'number' && ((point ^ value) & ones) === 0;
  }
  const [wideOnes, wideValue] = [BigInt(ones), BigInt(value)];
  return (point) => typeof point === 'bigint' && ((point ^ wideValue) & wideOnes) === 0n;
}

/** Of canonical text: this is asked of every packet, so it reads digits and checks nothing. */
function ipv4Number(address: Address): number {
  let value = 0;
  let part = 0;
  for (let index = 0; index < address.length; index += 1) {
    const code = address.charCodeAt(index);
    if (code === DOT) {
      value = (value << 8) | part;
      part = 0;
    } else part = part * 10 + code - DIGIT_0;
  }
  return ((value << 8) | part) >>> 0;
}

const DOT = 46;
const DIGIT_0 = 48;

function ipv4Value(text: string): bigint | undefined {
  return isIpv4(text) ? BigInt(ipv4Number(text)) : undefined;
}

/** Four decimal numbers up to 255 without leading zeros: that is the canonical text, too. */
export function isIpv4(text: string): boolean {
  let numbers = 0;
  let start = 0;
  for (let end = 0; end <= text.length; end += 1) {
    if (end < text.length && text.charCodeAt(end) !== DOT) continue;
    if (!isByte(text, start, end)) return false;
    numbers += 1;
    start = end + 1;
  }
  return numbers === 4;
}

function isByte(text: string, start: number, end: number): boolean {
  if (end === start || end - start > 3) return false;
  if (end - start > 1 && text.charCodeAt(start) === DIGIT_0) return false;
  let value = 0;
  for (let at = start; at < end; at += 1) {
    const digit = text.charCodeAt(at) - DIGIT_0;
    if (digit < 0 || digit > 9) return false;
    value = value * 10 + digit;
  }
  return value <= 255;
}

function ipv4Text(value: bigint): Address {
  return ipv4Address(Number(value));
}

/** Texts of the IPv4 addresses that were asked for last. */
const KEPT_TEXTS = 1024;
const keptTexts: Address[] = Array.from({ length: KEPT_TEXTS }, () => '0.0.0.0');
const keptNumbers = new Uint32Array(KEPT_TEXTS);

export function ipv4Address(number: number): Address {
  const place = (number ^ (number >>> 16)) & (KEPT_TEXTS - 1);
  const kept = keptTexts[place];
  if (kept !== undefined && keptNumbers[place] === number) return kept;
  const text = dotted(number);
  keptTexts[place] = text;
  keptNumbers[place] = number;
  return text;
}

function dotted(number: number): Address {
  return [number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255].join('.');
}

function ipv6Value(text: string): bigint | undefined {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted) {
    const low = ipv4Value(dotted[2] ?? '');
    return low === undefined
      ? undefined
      : ipv6Value(`${dotted[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`);
  }
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<string>(missing).fill('0'), ...tail];
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

/** All eight groups with all their digits, as the kernel's `%pI6` prints an IPv6 address; IPv4 as ever. */
export function expandedText(address: Address): string {
  if (familyOf(address) === 'ipv4') return address;
  return addressValue(address)
    .toString(16)
    .padStart(32, '0')
    .replace(/....(?!$)/g, '$&:');
}

/** `::ffff:10.0.0.1` and `::10.0.0.1`, as inet_ntop(3) writes what begins with five or six groups of zeros. */
function dottedTail(value: bigint, zerosLength: number, zerosStart: number): Address | undefined {
  const zeros = (zerosLength + 1) / 2;
  const mapped = zeros === 5 && value >> 32n === 0xffffn;
  if (zerosStart !== 0 || !(mapped || zeros === 6)) return undefined;
  return `::${mapped ? 'ffff:' : ''}${ipv4Text(value & 0xffff_ffffn)}`;
}

/** RFC 5952 §4: lower case, the longest run of two or more zero groups shortened, the first of equals. */
function ipv6Text(value: bigint): Address {
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  const runs = [...groups.join(':').matchAll(/(?<![^:])0(?::0)+(?![^:])/g)].sort((a, b) => b[0].length - a[0].length);
  const longest = runs[0];
  const text = groups.join(':');
  if (longest === undefined) return text;
  const dotted = dottedTail(value, longest[0].length, longest.index);
  if (dotted !== undefined) return dotted;
  const before = text.slice(0, longest.index).replace(/:$/, '');
  const after = text.slice(longest.index + longest[0].length).replace(/^:/, '');
  return `${before}::${after}`;
}
