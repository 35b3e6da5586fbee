/** Option values made of ports. */
import { PROTOCOL } from '../net/protocol';
import { type ServiceProtocol, servicePort, servicePorts } from '../net/service';
import type { Parsed, ValueType } from './define';
import { allParsed, bad, mapParsed, type NumberSpan, odd, ok, parseUnsigned, word } from './value-types';

export const ANY_PORT: NumberSpan = { min: 0, max: 65_535 };

/** A number, or a name out of services(5). */
export function readPort(text: string, protocol?: ServiceProtocol): Parsed<number> {
  const port = parseUnsigned(text) ?? servicePort(text, protocol);
  if (port === undefined && servicePort(text) !== undefined) return bad(`"${text}" is no service of ${protocol}`);
  return port === undefined || port > 65_535 ? bad(`"${text}" is not a port`) : ok(port);
}

/**
 * The same as getaddrinfo(3) reads it: of a number that is too large it keeps 16 bits.
 * @see libxtables/xtoptions.c: xtopt_parse_port
 */
function readServicePort(text: string): Parsed<number> {
  const read = readPort(text);
  if (read.ok || !/^\d{5,18}$/.test(text)) return read;
  const number = BigInt(text);
  const port = Number(number & 0xffffn);
  if (BigInt.asIntN(32, number) < 0n) return read;
  return odd(port, `iptables reads "${text}" as port ${port}: it keeps 16 bits of the number`);
}

export function portText({ min, max }: NumberSpan): string {
  return min === max ? `${min}` : `${min}:${max}`;
}

/** Names that may stand for a port, beside its number. */
function services(protocol?: ServiceProtocol): Pick<ValueType<never>, 'choices' | 'hasOthers'> {
  const choices = servicePorts(protocol).map(([text, port]) => ({ text, summary: `port ${port}` }));
  return { choices, hasOthers: true };
}

/** The same, always printed. */
export const servicePortSpan: ValueType<NumberSpan> = {
  ...word<NumberSpan>('port[:port]', (text) => readSpan(text, readServicePort), portText),
  ...services(),
};

/** `22`, `ssh`, `1024:65535`, `:80`, `1024:`; left out by iptables-save where it means every port. */
export const portSpan: ValueType<NumberSpan> = {
  ...servicePortSpan,
  omitted: ({ min, max }) => min === 0 && max === 65_535,
};

/** The same for TCP, where iptables refuses a range that runs backwards. @see extensions/libxt_tcp.c: parse_tcp_ports */
export const orderedPortSpan: ValueType<NumberSpan> = {
  ...portSpan,
  ...services('tcp'),
  parse([text = '']) {
    const span = readSpan(text, (end) => readPort(end, 'tcp'));
    return span.ok && span.value.min > span.value.max ? bad(`the range ${text} runs backwards`) : span;
  },
};

/** Numbers only, in order, and always printed. @see extensions/libxt_sctp.c: parse_sctp_ports */
export const numericPortSpan = word<NumberSpan>(
  'port[:port]',
  (text) => {
    if (/[^\d:x]/i.test(text.replace(/0x[0-9a-f]+/gi, ''))) return bad(`"${text}" is not a number`);
    const span = readSpan(text, readPort);
    return span.ok && span.value.min > span.value.max ? bad(`the range ${text} runs backwards`) : span;
  },
  portText,
);

function readSpan(text: string, readEnd: (text: string) => Parsed<number>): Parsed<NumberSpan> {
  const [from = '', to, ...rest] = text.split(':');
  if (rest.length > 0) return bad(`"${text}" has more than one colon`);
  const min = from === '' && to !== undefined ? ok(0) : readEnd(from);
  const max = to === undefined ? min : to === '' ? ok(65_535) : readEnd(to);
  const span = mapParsed(allParsed([min, max]), ([low = 0, high = 0]) => ({ min: low, max: high }));
  const warning = [min, max].map((end) => (end.ok ? end.warning : undefined)).find((one) => one !== undefined);
  return span.ok && warning !== undefined ? odd(span.value, warning) : span;
}

/** How many places a rule has for ports; a range takes two. @kernel include/uapi/linux/netfilter/xt_multiport.h */
const MULTI_PORTS = 15;

/** `22,80,1024:65535`; names are those of the rule's protocol. */
export const portList: ValueType<readonly NumberSpan[]> = {
  ...word<readonly NumberSpan[]>(
    'port[:port][,…]',
    (text) => readPortList(text),
    (list) => list.map(portText).join(','),
  ),
  ...services(),
  parse: ([text = ''], _family, protocol) => readPortList(text, protocol),
};

function readPortList(text: string, protocol?: number): Parsed<readonly NumberSpan[]> {
  const list = allParsed(text.split(',').map((part) => readListed(part.trimStart(), protocol)));
  const places = list.ok ? list.value.reduce((sum, { min, max }) => sum + (min === max ? 1 : 2), 0) : 0;
  return places > MULTI_PORTS ? bad(`too many ports: at most ${MULTI_PORTS}, where a range counts twice`) : list;
}

/** Here a range has both its ends, and they differ. @see extensions/libxt_multiport.c: parse_multi_ports_v1 */
function readListed(text: string, protocol: number | undefined): Parsed<NumberSpan> {
  const [from = '', to, ...rest] = text.split(':');
  const ends = allParsed([readListedPort(from, protocol), readListedPort(to ?? from, protocol)]);
  if (!ends.ok) return ends;
  const [min = 0, max = 0] = ends.value;
  const backwards = to !== undefined && min >= max;
  return rest.length > 0 || backwards ? bad(`"${text}" is not a range of ports`) : ok({ min, max });
}

/** services(5) has next to no names for other protocols. */
function readListedPort(text: string, protocol: number | undefined): Parsed<number> {
  if (protocol === undefined) return readPort(text);
  if (protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp) {
    return readPort(text, protocol === PROTOCOL.tcp ? 'tcp' : 'udp');
  }
  return servicePort(text) === undefined ? readPort(text) : bad(`"${text}" is a service of TCP or UDP`);
}
