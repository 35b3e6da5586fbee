/** Option values of `ip` and `ip6`: the IP header as ebtables reads it. */
import type { Family } from '../net/address';
import { findIcmpType, icmpTypeText } from '../net/icmp-type';
import type { Packet } from '../net/packet';
import { destinationPort, sourcePort } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import type { Given } from '../netfilter/ruleset';
import { type Network, network } from '../xt/address-types';
import type { Parsed, ValueType } from '../xt/define';
import { compare, type Mismatch, mismatch } from '../xt/define';
import { portText, servicePortSpan } from '../xt/port-types';
import { allParsed, bad, inSpan, mapParsed, type NumberSpan, numberSpan, ok, word } from '../xt/value-types';
import { firstMismatch } from './define';

/** The prefix that says nothing. */
const ONE_HOST: Readonly<Record<Family, RegExp>> = { ipv4: /\/32$/, ipv6: /\/128$/ };

/** An address of this family, whatever the rest of the ruleset is of. */
export function networkOf(family: Family): ValueType<Network> {
  return {
    ...network,
    parse: (words) => network.parse(words, family),
    print: (value) => network.print(value).map((text) => text.replace(ONE_HOST[family], '')),
  };
}

/** A port or a range of them, in order. */
export const portRange: ValueType<NumberSpan> = {
  ...servicePortSpan,
  parse(words, family) {
    const span = servicePortSpan.parse(words, family);
    return span.ok && span.value.min > span.value.max ? bad(`the range ${words[0]} runs backwards`) : span;
  },
  print: (span) => [portText(span)],
};

/** Protocols with ports where ebtables looks for them. */
const PORT_PROTOCOLS: ReadonlySet<number> = new Set([
  PROTOCOL.tcp,
  PROTOCOL.udp,
  PROTOCOL.dccp,
  PROTOCOL.sctp,
  PROTOCOL.udplite,
]);

export function portsRefused(protocol: Given<number> | undefined): string | undefined {
  const known = protocol !== undefined && !protocol.inverted && PORT_PROTOCOLS.has(protocol.value);
  return known ? undefined : 'ports need the protocol before them: tcp, udp, udplite, dccp or sctp';
}

/** Types and codes, both as ranges. */
export type IcmpRange = { readonly type: NumberSpan; readonly code: NumberSpan };

const byteSpan = numberSpan('number from 0 to 255', 255);
const EVERY_CODE: NumberSpan = { min: 0, max: 255 };

/** `echo-request`, `3/1`, `1:10/0:255`. */
export function icmpRange(family: Family): ValueType<IcmpRange> {
  return word<IcmpRange>(
    'type[:type][/code[:code]]',
    (text) => readIcmpRange(text, family),
    (range) => icmpRangeText(range, family),
  );
}

function readIcmpRange(text: string, family: Family): Parsed<IcmpRange> {
  const named = findIcmpType(text, family);
  if (named) {
    const code = named.code === undefined ? EVERY_CODE : { min: named.code, max: named.code };
    return ok({ type: { min: named.type, max: named.type }, code });
  }
  if (!/^\d/.test(text)) return bad(`"${text}" is no ICMP type`);
  const [type = '', code, ...rest] = text.split('/');
  if (rest.length > 0) return bad(`"${text}" has more than one code`);
  const both = allParsed([
    byteSpan.parse([type], family),
    code === undefined ? ok(EVERY_CODE) : byteSpan.parse([code], family),
  ]);
  return mapParsed(both, ([types = EVERY_CODE, codes = EVERY_CODE]) => ({ type: types, code: codes }));
}

function icmpRangeText({ type, code }: IcmpRange, family: Family): string {
  if (type.min === type.max) {
    if (code.min === 0 && code.max === 255) return icmpTypeText(type.min, undefined, family);
    if (code.min === code.max) return icmpTypeText(type.min, code.min, family);
  }
  const codes = code.min === 0 && code.max === 255 && type.min === type.max ? '' : `/${portText(code)}`;
  return `${portText(type)}${codes}`;
}

interface PortOptions {
  readonly source: readonly [name: string, given: Given<NumberSpan> | undefined];
  readonly destination: readonly [name: string, given: Given<NumberSpan> | undefined];
  readonly icmp: readonly [name: string, given: Given<IcmpRange> | undefined];
}

/** What stands behind the IP header. A later fragment has none of it. @kernel ebt_ip.c:ebt_ip_mt, ebt_ip6.c:ebt_ip6_mt */
export function compareTransport(packet: Packet, { source, destination, icmp }: PortOptions): true | Mismatch {
  return firstMismatch([
    comparePort(destination, destinationPort(packet)),
    comparePort(source, sourcePort(packet)),
    compareIcmp(packet, icmp),
  ]);
}

function comparePort([name, given]: PortOptions['source'], port: number | undefined): true | Mismatch {
  if (given === undefined) return true;
  if (port === undefined) return mismatch(name, 'the packet has no ports');
  return compare(name, given, inSpan(port, given.value), () => `it is ${port}`);
}

function compareIcmp({ transport }: Packet, [name, given]: PortOptions['icmp']): true | Mismatch {
  if (given === undefined) return true;
  if (transport.kind !== 'icmp') return mismatch(name, 'the packet is no ICMP message');
  const { type, code } = transport;
  const held = inSpan(type, given.value.type) && inSpan(code, given.value.code);
  return compare(name, given, held, () => `it is ${type}/${code}`);
}
