/**
 * FTP: a client that names its port (PORT, EPRT), or a server that does (227, 229).
 *
 * @see RFC 959 §4.1.2, RFC 1123 §4.1.2.6, RFC 2428
 */
import { type Address, expandedText, parseAddress } from '../../net/address';
import type { Packet } from '../../net/packet';
import { PROTOCOL } from '../../net/protocol';
import { after, before } from '../sequence';
import { type Direction, otherDirection } from '../tuple';
import {
  type HelpedFlow,
  type Helper,
  type HelperAnswer,
  isEstablished,
  NOTHING,
  oneHost,
  payloadText,
  remembered,
} from './define';

export const ftp: Helper = {
  name: 'ftp',
  families: ['ipv4', 'ipv6'],
  protocols: [PROTOCOL.tcp],
  port: 21,
  summary: 'the data connections of FTP, active and passive',
  kernel: 'net/netfilter/nf_conntrack_ftp.c:help',
  policy: { most: 1, timeoutSeconds: 300 },
  read(packet, flow) {
    const text = payloadText(packet);
    if (!isEstablished(flow) || text === undefined || packet.transport.kind !== 'tcp') return NOTHING;
    const { seq } = packet.transport;
    const lines = remembered(flow, freshLines)[flow.direction];
    if (!lines.includes(seq)) {
      noteLine(lines, text, seq);
      return NOTHING;
    }
    const answer = readCommand(packet, flow, text);
    if (answer.kind !== 'drop') noteLine(lines, text, seq);
    return answer;
  },
};

/** Sequence numbers behind an end of line, by direction: only there a command begins. */
type Lines = Readonly<Record<Direction, number[]>>;

function freshLines(): Lines {
  return { original: [], reply: [] };
}

/** How many ends of lines are kept in mind. @kernel include/linux/netfilter/nf_conntrack_ftp.h:NUM_SEQ_TO_REMEMBER */
const MOST_LINES = 2;

/** @kernel …_ftp.c:update_nl_seq */
function noteLine(lines: number[], text: string, seq: number): void {
  const end = (seq + text.length) >>> 0;
  if (!text.endsWith('\n') || lines.includes(end)) return;
  const [first = 0, second = 0] = lines;
  const oldest = before(first, second) ? 0 : 1;
  if (lines.length < MOST_LINES) lines.push(end);
  else if (after(end, lines[oldest] ?? 0)) lines[oldest] = end;
}

interface Place {
  readonly address: Address;
  readonly port: number;
}

interface Command {
  readonly name: string;
  /** What stands between the name and the numbers. */
  readonly skip?: string;
  /** @param address that counts where the command names none. The length covers what NAT replaces. */
  read(text: string, address: Address): (Place & { readonly skipped: number; readonly length: number }) | undefined;
  write(address: Address, port: number): string;
}

const COMMANDS: Readonly<Record<Direction, readonly Command[]>> = {
  original: [
    { name: 'PORT', skip: ' ', read: (text) => readNumbers(text, '\r'), write: writeNumbers },
    { name: 'EPRT', skip: ' ', read: readExtended, write: writeExtended },
  ],
  reply: [
    { name: '227 ', read: readFirstNumbers, write: writeNumbers },
    { name: '229 ', skip: '(', read: readPort, write: (_, port) => `|||${port}|` },
  ],
};

function readCommand(packet: Packet, flow: HelpedFlow, text: string): HelperAnswer {
  const { entry, direction } = flow;
  const own = direction === 'original' ? entry.original : entry.reply;
  const other = direction === 'original' ? entry.reply : entry.original;
  for (const command of COMMANDS[direction]) {
    const found = findCommand(command, text, own.src);
    if (found === undefined) continue;
    if (found === 'partial')
      return { kind: 'drop', text: `ftp: "${command.name.trim()}" is not whole in this segment` };
    // A server or client that names a third host opens a hole to it: that is not expected (net/…/nf_conntrack_ftp.c:loose).
    if (found.address !== own.src) return NOTHING;
    const tuple = { src: other.src, dst: other.dst, protocol: PROTOCOL.tcp, sport: 0, dport: found.port };
    const { at, length } = found;
    const nat = { direction: otherDirection(direction), place: { at, length, write: command.write } };
    return { kind: 'expects', announced: [{ tuple, mask: oneHost(packet.family), nat }] };
  }
  return NOTHING;
}

/** @kernel …_ftp.c:find_pattern */
function findCommand(
  { name, skip, read }: Command,
  text: string,
  address: Address,
): (Place & { readonly at: number; readonly length: number }) | 'partial' | undefined {
  const begins = text.slice(0, name.length).toUpperCase();
  if (text.length <= name.length) return name.startsWith(begins) ? 'partial' : undefined;
  if (begins !== name) return undefined;
  const skipAt = skip === undefined ? name.length - 1 : text.indexOf(skip, name.length);
  if (skipAt === -1 || (skip !== undefined && skipAt >= text.length)) return 'partial';
  const numbers = read(text.slice(skipAt + 1), address);
  if (numbers === undefined) return 'partial';
  const { skipped, length, port } = numbers;
  return { address: numbers.address, port, at: skipAt + 1 + skipped, length };
}

/** `192,168,1,1,5,6`: digits and commas, six numbers, then the end that is asked for. @kernel …_ftp.c:try_number */
function readNumbers(text: string, end?: string) {
  const numbers = /^[0-9]*(?:,[0-9]*){5}/.exec(text)?.[0];
  if (numbers === undefined || numbers === '') return undefined;
  const behind = text[numbers.length];
  // The end must be seen, and no further number may follow.
  if (behind === undefined || behind === ',' || (end !== undefined && behind !== end)) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, high = 0, low = 0] = numbers.split(',').map(lowWord);
  const bits = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  return { address: addressOf(bits), port: ((high << 8) | low) & 0xffff, skipped: 0, length: numbers.length };
}

/** A number as C reads it into 32 bits. */
function lowWord(digits: string): number {
  return Number(BigInt(digits || '0') & 0xffff_ffffn) | 0;
}

function addressOf(bits: number): Address {
  return [bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255].join('.');
}

/** The numbers of a 227 begin with its first digit, wherever that is. */
function readFirstNumbers(text: string) {
  const at = text.search(/[0-9]/);
  const found = at === -1 ? undefined : readNumbers(text.slice(at));
  return found && { ...found, skipped: at };
}

function writeNumbers(address: Address, port: number): string {
  return [...address.split('.'), port >> 8, port & 255].join(',');
}

/** `|1|132.235.1.2|6275|`, `|2|3ffe::1|6275|` with any delimiter. @kernel …_ftp.c:try_eprt */
function readExtended(text: string, own: Address) {
  const [delimiter = '', kind, second] = text;
  const wanted = own.includes(':') ? '2' : '1';
  if (text.length <= 3 || !isDelimiter(delimiter) || kind !== wanted || second !== delimiter) return undefined;
  const end = text.indexOf(delimiter, 3);
  const address = end === -1 ? undefined : parseAddress(text.slice(3, end));
  if (address === undefined || address.includes(':') !== own.includes(':')) return undefined;
  const port = portUpTo(text.slice(end + 1), delimiter);
  return port && { address, port: port.port, skipped: 0, length: end + 1 + port.length };
}

function writeExtended(address: Address, port: number): string {
  return `|${address.includes(':') ? 2 : 1}|${expandedText(address)}|${port}|`;
}

/** `|||6446|`. @kernel …_ftp.c:try_epsv_response */
function readPort(text: string, own: Address) {
  const [delimiter = ''] = text;
  if (text.length <= 3 || !isDelimiter(delimiter) || !text.startsWith(delimiter.repeat(3))) return undefined;
  const port = portUpTo(text.slice(3), delimiter);
  return port && { address: own, port: port.port, skipped: 0, length: 3 + port.length };
}

function isDelimiter(character: string): boolean {
  return character >= '!' && character <= '~' && !(character >= '0' && character <= '9');
}

/** @returns the port, and how many characters it takes with the delimiter behind it. @kernel …_ftp.c:get_port */
function portUpTo(text: string, delimiter: string): { readonly port: number; readonly length: number } | undefined {
  const end = text.indexOf(delimiter);
  const digits = end === -1 ? '' : text.slice(0, end);
  if (!/^[0-9]+$/.test(digits)) return undefined;
  const port = Number(BigInt(digits) & 0xffffn);
  return port === 0 ? undefined : { port, length: end + 1 };
}
