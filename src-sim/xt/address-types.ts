/** Option values made of addresses, networks, interfaces, MAC addresses. */
import {
  ADDRESS_BITS,
  type Address,
  addressFromValue,
  addressValue,
  type Family,
  familyOf,
  isIpv4,
  isZeroMask,
  maskAddress,
  parseAddress,
  prefixLength,
  prefixMask,
} from '../net/address';
import type { Parsed, ValueType } from './define';
import { allParsed, bad, mapParsed, ok, parseUnsigned, word } from './value-types';

/** The same as {@link AddressMask}, as JSON. */
export type Network = { readonly address: Address; readonly mask: Address };

export type AddressSpan = { readonly min: Address; readonly max: Address };

/** One address without a mask. */
export const address = word<Address>('IP address', readAddress);

/** The same, short forms read as inet_aton(3) does: `24` is 0.0.0.24. */
export const hostAddress = word<Address>('IP address', readHost);

/** `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `10.0.0.1`; bits outside the mask are cleared, as iptables does. */
export const network = word<Network>('address[/mask]', readNetwork, printNetwork);

/** The same, with the bits outside the mask kept, and short forms read as inet_aton(3) does: `10.1` is 10.0.0.1. */
export const hostNetwork = word<Network>('address[/mask]', readHostNetwork, ({ address, mask }) => {
  const length = prefixLength(mask);
  return length === undefined || length === ADDRESS_BITS[familyOf(address)] ? address : `${address}/${length}`;
});

/** Networks with commas between them: the rule is loaded once for each. */
export const networks: ValueType<readonly Network[]> = {
  ...word<readonly Network[]>(
    'address[/mask][,…]',
    (text, family) =>
      text.includes(',')
        ? allParsed(text.split(',').map((part) => readNetwork(part.trimStart(), family)))
        : mapParsed(readNetwork(text.trimStart(), family), (one) => [one]),
    (list) => list.map(printNetwork).join(','),
  ),
  omitted: (list, inverted) => !inverted && list.every(({ mask }) => isZeroMask(mask)),
};

/** `10.0.0.1-10.0.0.9`, or one address. A range that runs backwards is taken, and matches nothing. */
export const addressSpan = word<AddressSpan>(
  'address[-address]',
  (text, family) => {
    const [from = '', to = from, ...rest] = text.split('-');
    if (rest.length > 0) return bad(`"${text}" is not a range of addresses`);
    const ends = allParsed([readAddress(from, family), readAddress(to, family)]);
    if (!ends.ok) return ends;
    const [min = '', max = ''] = ends.value;
    return ok({ min, max });
  },
  ({ min, max }) => `${min}-${max}`,
);

export function inAddressSpan(candidate: Address, { min, max }: AddressSpan): boolean {
  if (familyOf(candidate) !== familyOf(min)) return false;
  const value = addressValue(candidate);
  return addressValue(min) <= value && value <= addressValue(max);
}

/**
 * An interface, or with a `+` at its end every interface whose name begins so.
 * @see libxtables/xtables.c: xtables_parse_interface
 */
export const interfaceName: ValueType<string> = {
  ...word<string>('interface', (text) => {
    if (text === '') return bad('an empty interface name would match every interface');
    return text.length > 15 ? bad(`interface name "${text}" is longer than 15 characters`) : ok(text);
  }),
  omitted: (name) => name === '+',
};

/** @param device undefined where the packet has none: the kernel compares with an empty name. */
export function interfaceMatches(pattern: string, device: string | undefined): boolean {
  const name = device ?? '';
  return pattern.endsWith('+') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

export const macAddress = word<string>('MAC address', (text) => {
  const bytes = text.split(':');
  const wellFormed = bytes.length === 6 && bytes.every((byte) => /^[0-9a-fA-F]{1,2}$/.test(byte));
  return wellFormed
    ? ok(bytes.map((byte) => byte.padStart(2, '0').toLowerCase()).join(':'))
    : bad(`"${text}" is not a MAC address`);
});

function readAddress(text: string, family: Family): Parsed<Address> {
  const found = family === 'ipv4' ? readIpv4(text) : parseAddress(text);
  if (found !== undefined && familyOf(found) === family) return ok(found);
  const error = `"${text}" is not an ${family === 'ipv4' ? 'IPv4' : 'IPv6'} address`;
  if (!isHostName(text)) return bad(error);
  return { ok: false, error: `${error}; iptables looks the name up while it loads the rules`, needsLookup: true };
}

/** A name that some machine may know. One word alone is rather a slip (`-s any`), but for the one that all know. */
function isHostName(text: string): boolean {
  return text === 'localhost' || /^(?=.*[a-z])[a-z\d][a-z\d-]*(?:\.[a-z\d][a-z\d-]*)+\.?$/i.test(text);
}

function readNetwork(text: string, family: Family): Parsed<Network> {
  const slash = text.indexOf('/');
  const host = slash === -1 ? text : text.slice(0, slash);
  const mask = readMask(slash === -1 ? String(ADDRESS_BITS[family]) : text.slice(slash + 1), family);
  if (mask === undefined) return bad(`"${text.slice(slash + 1)}" is not a mask`);
  // What stands before /0 is ignored: `any/0`. @see libxtables/xtables.c: ipparse_hostnetworkmask
  if (isZeroMask(mask)) return ok({ address: mask, mask });
  return mapParsed(readAddress(host, family), (value) => ({ address: maskAddress(value, mask), mask }));
}

/** @see libxtables/xtoptions.c: xtopt_parse_hostmask */
function readHostNetwork(text: string, family: Family): Parsed<Network> {
  const [host = '', maskText = `${ADDRESS_BITS[family]}`, ...rest] = text.split('/');
  const mask = rest.length > 0 ? undefined : readMask(maskText, family);
  if (mask === undefined) return bad(`"${text.slice(host.length + 1)}" is not a mask`);
  return mapParsed(readHost(host, family), (value) => ({ address: value, mask }));
}

/** @see libxtables/xtoptions.c: xtopt_parse_host, which asks getaddrinfo(3) */
function readHost(text: string, family: Family): Parsed<Address> {
  const found = family === 'ipv4' ? inetAton(numbersOf(text)) : undefined;
  return found === undefined ? readAddress(text, family) : ok(found);
}

function readMask(text: string, family: Family): Address | undefined {
  const length = parseUnsigned(text);
  if (length !== undefined) return length <= ADDRESS_BITS[family] ? prefixMask(length, family) : undefined;
  const mask = parseAddress(text);
  return mask !== undefined && familyOf(mask) === family ? mask : undefined;
}

/**
 * Short forms are filled with zeros at their end (`10.1` is 10.1.0.0; libxtables/xtables.c: numeric_to_ipaddr); where a
 * number is too large for that they are read as inet_aton(3) does: the last one fills the rest (`10.300` is 10.0.1.44).
 */
function readIpv4(text: string): Address | undefined {
  if (isIpv4(text)) return text;
  const parts = numbersOf(text);
  if (parts?.every((part) => part <= 255)) return [...parts, 0, 0, 0].slice(0, 4).join('.');
  return inetAton(parts);
}

/** Up to four numbers with dots between them, or undefined. */
function numbersOf(text: string): readonly number[] | undefined {
  const parts = text.split('.').map(parseUnsigned);
  const numbers = parts.filter((part) => part !== undefined);
  return parts.length > 4 || numbers.length < parts.length ? undefined : numbers;
}

/** The last number fills all bytes that are left. */
function inetAton(parts: readonly number[] | undefined): Address | undefined {
  if (parts === undefined) return undefined;
  const leading = parts.slice(0, -1);
  const last = parts.at(-1) ?? 0;
  if (leading.some((part) => part > 255) || last >= 256 ** (4 - leading.length)) return undefined;
  const value = leading.reduce((sum, part, index) => sum + part * 256 ** (3 - index), last);
  return addressFromValue(BigInt(value), 'ipv4');
}

/** A contiguous mask as a prefix length, always spelt out: `10.0.0.1/32`. */
export function printNetwork({ address, mask }: Network): string {
  return `${address}/${prefixLength(mask) ?? mask}`;
}

export function networkSpan({ address, mask }: Network): AddressSpan {
  const family = familyOf(address);
  const ones = family === 'ipv4' ? 0xffff_ffffn : (1n << 128n) - 1n;
  return { min: address, max: addressFromValue(addressValue(address) | (addressValue(mask) ^ ones), family) };
}
