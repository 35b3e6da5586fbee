/**
 * A packet in one line, in the manner of tcpdump: what the panel's input, the command line and the examples of the
 * extensions are written in.
 *
 *     in eth0 tcp 198.51.100.7:40000 > 203.0.113.1:22 S seq=1 win=8192
 *     out udp [2001:db8::1]:5353 > [2001:db8::53]:53 len=20 wait=31
 *     in eth0 icmp 198.51.100.7 > 203.0.113.1 port-unreachable ( udp 203.0.113.1:53 > 198.51.100.7:4000 )
 *
 * Printing what was read, and reading what was printed, give the same again.
 */
import { familyOf, parseAddress } from '../net/address';
import { findIcmpType, icmpTypeText } from '../net/icmp-type';
import { tcpFlagLetters, tcpFlags } from '../net/packet';
import { hasPorts, PROTOCOL, protocolNumber } from '../net/protocol';
import { type Draft, fieldsOf, type PacketField } from './packet-line-fields';
import type { ScenarioPacket } from './scenario';

export type PacketLine =
  | { readonly ok: true; readonly packet: ScenarioPacket }
  /** `offset`: 0-based place in the text at which something else was expected. */
  | { readonly ok: false; readonly offset: number; readonly error: string };

interface Token {
  readonly text: string;
  readonly offset: number;
}

/** Never leaves this file: the reader is a descent of many small steps, each of which may be the one that fails. */
class Unexpected {
  constructor(
    readonly offset: number,
    readonly expected: string,
    readonly found: string,
  ) {}
}

interface Cursor {
  readonly tokens: readonly Token[];
  readonly end: number;
  next: number;
  /** How many packets the one being read is quoted in. */
  depth: number;
}

/** An ICMP error may quote an ICMP message, but never an error in an error in an error (RFC 1122 §3.2.2). */
const MAX_DEPTH = 3;

export function parsePacketLine(text: string): PacketLine {
  const cursor: Cursor = { tokens: tokenize(text), end: text.length, next: 0, depth: 0 };
  try {
    const packet = { ...readDirection(cursor), ...readPacket(cursor) };
    const rest = peek(cursor);
    if (rest) throw new Unexpected(rest.offset, 'the end of the line', rest.text);
    return { ok: true, packet };
  } catch (failure) {
    if (!(failure instanceof Unexpected)) throw failure;
    const found = failure.found === '' ? 'the line ends' : `found "${failure.found}"`;
    return { ok: false, offset: failure.offset, error: `expected ${failure.expected}; ${found}` };
  }
}

export function printPacketLine(packet: ScenarioPacket): string {
  const direction = packet.out ? ['out'] : packet.in === undefined ? [] : ['in', packet.in];
  const words = [String(packet.proto), endpoint(packet.src, packet.sport), '>', endpoint(packet.dst, packet.dport)];
  const protocol = protocolNumber(String(packet.proto));
  const inner = packet.icmp?.inner ? ['(', printPacketLine(packet.icmp.inner), ')'] : [];
  return [...direction, ...words, ...kindWord(packet, protocol), ...fieldWords(packet, protocol), ...inner].join(' ');
}

function kindWord(packet: ScenarioPacket, protocol: number | undefined): readonly string[] {
  if (protocol === PROTOCOL.tcp && packet.flags !== undefined)
    return [tcpFlagLetters(tcpFlags(packet.flags)) || 'none'];
  if (packet.icmp) return [icmpTypeText(packet.icmp.type, packet.icmp.code, familyOf(packet.src))];
  return [];
}

function fieldWords(packet: ScenarioPacket, protocol: number | undefined): readonly string[] {
  return fieldsOf(protocol).flatMap((field) => {
    const value = field.print(packet);
    return value === undefined ? [] : [value === '' ? field.word : `${field.word}=${value}`];
  });
}

function endpoint(address: string, port: number | undefined): string {
  if (port === undefined) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Words, with a quoted part taken whole; parentheses stand alone. */
function tokenize(text: string): readonly Token[] {
  return [...text.matchAll(/[()]|(?:"(?:\\.|[^"\\])*"?|[^\s()"])+/g)].map((match) => ({
    text: match[0],
    offset: match.index,
  }));
}

function peek(cursor: Cursor): Token | undefined {
  return cursor.tokens[cursor.next];
}

function take(cursor: Cursor, expected: string): Token {
  const token = peek(cursor);
  if (token === undefined) throw new Unexpected(cursor.end, expected, '');
  cursor.next += 1;
  return token;
}

function takeWord(cursor: Cursor, word: string): void {
  const token = take(cursor, `"${word}"`);
  if (token.text !== word) throw new Unexpected(token.offset, `"${word}"`, token.text);
}

function readDirection(cursor: Cursor): Pick<ScenarioPacket, 'in' | 'out'> {
  const expected = '"in INTERFACE" or "out"';
  const word = take(cursor, expected);
  if (word.text === 'out') return { out: true };
  if (word.text !== 'in') throw new Unexpected(word.offset, expected, word.text);
  return { in: take(cursor, 'the interface at which the packet arrives').text };
}

function readPacket(cursor: Cursor): ScenarioPacket {
  const proto = readProtocol(cursor);
  const protocol = protocolNumber(String(proto));
  const source = readEndpoint(cursor, protocol, undefined);
  takeWord(cursor, '>');
  const destination = readEndpoint(cursor, protocol, source.address);
  const draft: Draft = { src: source.address, dst: destination.address, proto };
  if (source.port !== undefined) draft.sport = source.port;
  if (destination.port !== undefined) draft.dport = destination.port;
  if (isIcmp(protocol)) readIcmpType(cursor, draft);
  while (peek(cursor) && peek(cursor)?.text !== ')') readDetail(cursor, draft, protocol);
  return draft;
}

function isIcmp(protocol: number | undefined): boolean {
  return protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmpv6;
}

function readProtocol(cursor: Cursor): string | number {
  const expected = 'a protocol: tcp, udp, icmp, icmpv6, …, or its number';
  const token = take(cursor, expected);
  if (protocolNumber(token.text) === undefined) throw new Unexpected(token.offset, expected, token.text);
  return /^\d+$/.test(token.text) ? Number(token.text) : token.text;
}

function readEndpoint(
  cursor: Cursor,
  protocol: number | undefined,
  other: string | undefined,
): { address: string; port: number | undefined } {
  const expected = endpointName(protocol, other);
  const token = take(cursor, expected);
  const { host, port } = splitEndpoint(token.text);
  const address = parseAddress(host);
  const wrongFamily = address !== undefined && other !== undefined && familyOf(address) !== familyOf(other);
  const wrongPort = port !== undefined && (port > 65_535 || !carriesPorts(protocol));
  if (address === undefined || wrongFamily || wrongPort) throw new Unexpected(token.offset, expected, token.text);
  return { address, port };
}

/** DCCP has ports too, though conntrack does not know them. */
function carriesPorts(protocol: number | undefined): boolean {
  return protocol !== undefined && (hasPorts(protocol) || protocol === PROTOCOL.dccp);
}

/** An IPv6 address without brackets has no port: its last colon is its own. */
function splitEndpoint(text: string): { host: string; port: number | undefined } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? [];
  return { host: bracketed ?? plain ?? text, port: port === undefined ? undefined : Number(port) };
}

function endpointName(protocol: number | undefined, other: string | undefined): string {
  const family = other === undefined ? '' : familyOf(other) === 'ipv4' ? 'IPv4 ' : 'IPv6 ';
  const end = other === undefined ? 'source' : 'destination';
  const port = carriesPorts(protocol) ? ', 192.0.2.1:80 or [2001:db8::1]:80' : ' without a port';
  return `the ${family}${end} address${port}`;
}

function readIcmpType(cursor: Cursor, draft: Draft): void {
  const expected = 'an ICMP type: its name, or numbers like 3/4';
  const token = take(cursor, expected);
  const [, type, code] = /^(\d{1,3})(?:\/(\d{1,3}))?$/.exec(token.text) ?? [];
  const named = findIcmpType(token.text, familyOf(draft.src));
  const numbers = type === undefined ? named : { type: Number(type), code: code === undefined ? code : Number(code) };
  if (!numbers || numbers.type > 255 || (numbers.code ?? 0) > 255) {
    throw new Unexpected(token.offset, expected, token.text);
  }
  draft.icmp = { type: numbers.type, ...(numbers.code === undefined ? {} : { code: numbers.code }) };
}

/** One word behind the addresses: flags, a field, or the packet that an ICMP error quotes. */
function readDetail(cursor: Cursor, draft: Draft, protocol: number | undefined): void {
  const fields = fieldsOf(protocol);
  const token = take(cursor, '');
  if (token.text === '(' && draft.icmp && cursor.depth < MAX_DEPTH) {
    draft.icmp = { ...draft.icmp, inner: readQuoted(cursor) };
    return;
  }
  const [, word = '', value] = /^([a-z_]+)(?:=(.*))?$/s.exec(token.text) ?? [];
  const field = fields.find((known) => known.word === word || known.alias === word);
  if (field) {
    readField(field, value, token, draft);
    return;
  }
  const flags = protocol === PROTOCOL.tcp ? readFlags(token.text) : undefined;
  if (flags === undefined || draft.flags !== undefined) {
    throw new Unexpected(token.offset, detailName(fields, protocol), token.text);
  }
  draft.flags = flags;
}

function readQuoted(cursor: Cursor): ScenarioPacket {
  cursor.depth += 1;
  const packet = readPacket(cursor);
  cursor.depth -= 1;
  takeWord(cursor, ')');
  return packet;
}

function readField(field: PacketField, value: string | undefined, token: Token, draft: Draft): void {
  if (!field.read(value, draft)) throw new Unexpected(token.offset, `${field.word}${field.form}`, token.text);
}

function detailName(fields: readonly PacketField[], protocol: number | undefined): string {
  const flags = protocol === PROTOCOL.tcp ? ['TCP flags (letters of FSRPAUEC, tcpdump\'s "S." or "none")'] : [];
  return [...flags, `one of ${fields.map((field) => field.word).join(' ')}`].join(', or ');
}

/** The contract's letters or tcpdump's: `.` is ACK, `W` is CWR, `none` (also in brackets) is no flag at all. */
function readFlags(text: string): string | undefined {
  const bare = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  if (bare === 'none') return '';
  if (!/^[FSRPAUECW.]+$/.test(bare)) return undefined;
  return tcpFlagLetters(tcpFlags(bare.replaceAll('.', 'A').replaceAll('W', 'C')));
}
