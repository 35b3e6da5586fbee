/** Option values of the targets that translate: addresses and ports to choose from. */
import type { NatRange } from '../conntrack/entry';
import { type Address, type Family, familyOf, parseAddress } from '../net/address';
import { PROTOCOL } from '../net/protocol';
import type { AddressSpan } from './address-types';
import type { Parsed, RuleContext, ValueType } from './define';
import { readPort } from './port-types';
import { allParsed, bad, mapParsed, ok, word } from './value-types';

/** Ports to choose from; `base` is the port that the first of them stands for. */
export type PortChoice = { readonly min: number; readonly max: number; readonly base?: number };

export type NatChoice = { readonly addresses?: AddressSpan; readonly ports?: PortChoice };

/** `10.0.0.2`, `10.0.0.2-10.0.0.9:80-90`, `:80`, `[2001:db8::1]:80`. @see extensions/libxt_NAT.c: parse_to */
export const natChoice = word<NatChoice>(
  'address[-address][:port[-port]]',
  (text, family) => readChoice(text, family, false),
  printChoice,
);

/** The same with `/BASE` behind the ports: port BASE becomes the first of them, BASE + 1 the second… */
export const shiftedNatChoice = word<NatChoice>(
  'address[-address][:port[-port[/base]]]',
  (text, family) => readChoice(text, family, true),
  printChoice,
);

/** `80`, `http`, `1000-2000`. */
export const portChoice: ValueType<PortChoice> = word<PortChoice>(
  'port[-port]',
  (text) => readPorts(text, false),
  printPorts,
);

/** Names the protocols without which a port means nothing; iptables takes ICMP's ids for ports too. */
const PORT_PROTOCOLS: readonly number[] = [PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.sctp, PROTOCOL.dccp, PROTOCOL.icmp];

/** @see extensions/libxt_NAT.c: PORT_RANGE needs -p; a `!` before it is not looked at */
export function refusePorts(ports: PortChoice | undefined, { protocol }: RuleContext): string | undefined {
  if (ports === undefined || (protocol && PORT_PROTOCOLS.includes(protocol.value))) return undefined;
  return 'ports need -p tcp, udp, sctp, dccp or icmp';
}

interface Randomness {
  readonly random?: object;
  readonly 'random-fully'?: object;
  readonly persistent?: object;
}

export function natRange({ addresses, ports }: NatChoice, how: Randomness): NatRange {
  return {
    ...(addresses && { addresses }),
    ...(ports && { ports }),
    ...(how.random && { random: true }),
    ...(how['random-fully'] && { fullyRandom: true }),
    ...(how.persistent && { persistent: true }),
  };
}

function readChoice(text: string, family: Family, shifted: boolean): Parsed<NatChoice> {
  const [, bracketed, plain, portText] = /^(?:\[([^\]]*)\]|([^[:]*))(?::(.*))?$/.exec(inBrackets(text, family)) ?? [];
  const addressText = bracketed ?? plain ?? text;
  const ports = portText === undefined ? undefined : readPorts(portText, shifted);
  if (addressText === '')
    return ports === undefined ? bad('an address is missing') : mapParsed(ports, (value) => ({ ports: value }));
  const addresses = readAddresses(addressText, family);
  if (!addresses.ok || ports === undefined) return mapParsed(addresses, (value) => ({ addresses: value }));
  return mapParsed(ports, (value) => ({ addresses: addresses.value, ports: value }));
}

/** Without brackets, one colon is before the ports; more of them are an IPv6 address. */
function inBrackets(text: string, family: Family): string {
  const isAddress = family === 'ipv6' && !text.startsWith('[') && text.split(':').length > 2;
  return isAddress ? `[${text}]` : text;
}

/** Addresses are read by inet_pton(3) here: no short forms, no names. */
function readAddresses(text: string, family: Family): Parsed<AddressSpan> {
  const ends = text.split('-');
  const read = allParsed(ends.map((end) => readAddress(end, family)));
  if (ends.length > 2) return bad(`"${text}" is not a range of addresses`);
  return mapParsed(read, ([min = '', max = min]) => ({ min, max }));
}

function readAddress(text: string, family: Family): Parsed<Address> {
  const found = parseAddress(text);
  const wanted = family === 'ipv4' ? 'IPv4' : 'IPv6';
  return found !== undefined && familyOf(found) === family ? ok(found) : bad(`"${text}" is not an ${wanted} address`);
}

function readPorts(text: string, shifted: boolean): Parsed<PortChoice> {
  const [, from = '', to, base] = /^([^-]*)(?:-([^/]*)(?:\/(.*))?)?$/.exec(text) ?? [];
  if (base !== undefined && !shifted) return bad(`"${text}": a shifted range of ports is not taken here`);
  const read = allParsed([readPort(from), readPort(to ?? from), ...(base === undefined ? [] : [readPort(base)])]);
  if (!read.ok) return read;
  const [min = 0, max = 0, first] = read.value;
  if (max < min) return bad(`the range ${text} runs backwards`);
  return ok({ min, max, ...(first === undefined ? {} : { base: first }) });
}

function printChoice({ addresses, ports }: NatChoice): string {
  const address = addresses === undefined ? '' : printAddresses(addresses);
  if (ports === undefined) return address;
  return address.includes(':') ? `[${address}]:${printPorts(ports)}` : `${address}:${printPorts(ports)}`;
}

function printAddresses({ min, max }: AddressSpan): string {
  return min === max ? min : `${min}-${max}`;
}

function printPorts({ min, max, base }: PortChoice): string {
  const range = min === max ? `${min}` : `${min}-${max}`;
  return base === undefined ? range : `${range}/${base}`;
}
