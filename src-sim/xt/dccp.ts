import { bytesOf } from '../net/bytes';
import type { Packet } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import { numberAt, transportOffset } from '../net/transport-header';
import { compare, defineMatch, fails, mismatch, option, same, saved } from './define';
import { servicePortSpan } from './port-types';
import { inSpan, keywords, unsigned } from './value-types';

const TYPES = [
  { text: 'REQUEST', summary: 'opens a connection' },
  { text: 'RESPONSE', summary: 'answers that' },
  { text: 'DATA', summary: 'data' },
  { text: 'ACK', summary: 'acknowledges' },
  { text: 'DATAACK', summary: 'data, and acknowledges' },
  { text: 'CLOSEREQ', summary: 'the server asks the client to close' },
  { text: 'CLOSE', summary: 'closes' },
  { text: 'RESET', summary: 'ends the connection' },
  { text: 'SYNC', summary: 'synchronises sequence numbers' },
  { text: 'SYNCACK', summary: 'answers that' },
  { text: 'INVALID', summary: 'any type that is not known' },
] as const;

export const dccp = defineMatch({
  name: 'dccp',
  families: ['ipv4', 'ipv6'],
  loadedBy: [PROTOCOL.dccp],
  protocols: [PROTOCOL.dccp],
  summary: 'Ports, type and options of a DCCP packet.',
  kernel: 'net/netfilter/xt_dccp.c:dccp_mt',
  options: {
    sport: option(servicePortSpan, 'Source port, or a range `FROM:TO` with both ends in it.', {
      invert: true,
      aliases: ['source-port'],
    }),
    dport: option(servicePortSpan, 'Destination port, or a range `FROM:TO` with both ends in it.', {
      invert: true,
      aliases: ['destination-port'],
    }),
    'dccp-types': option(keywords('types of packet', TYPES), 'One of these types.', { invert: true }),
    'dccp-option': option(unsigned('number from 1 to 255', 1, 255), 'The packet has this option.', { invert: true }),
  },
  examples: [
    saved('-p dccp --sport 1024:', '-p dccp -m dccp --sport 1024:65535'),
    same('-p dccp -m dccp --dport 0:65535'),
    saved('-p dccp --dccp-types data,request', '-p dccp -m dccp --dccp-types REQUEST,DATA'),
    same('-p dccp -m dccp ! --dccp-option 255'),
    fails('-p dccp -m dccp --dccp-option 256', 'out of range'),
    fails('-p dccp -m dccp --sport -1', 'not a port'),
    fails('-m dccp --dport 3', 'needs -p dccp'),
  ],
  matches(packet, given) {
    const offset = transportOffset(packet);
    if (offset === undefined) return mismatch('', 'a later fragment has no such header');
    const header = readHeader(packet, offset);
    if (header === undefined) return { kind: 'hotdrop', reason: 'the packet has not the whole header' };
    const { sport, dport, type } = header;
    const { 'dccp-types': types, 'dccp-option': wanted } = given;
    const name = TYPES[type]?.text;
    const answers = [
      given.sport
        ? compare('sport', given.sport, inSpan(sport, given.sport.value), () => `the port is ${sport}`)
        : true,
      given.dport
        ? compare('dport', given.dport, inSpan(dport, given.dport.value), () => `the port is ${dport}`)
        : true,
      types
        ? compare('dccp-types', types, name !== undefined && types.value.includes(name), () => `it is ${name ?? type}`)
        : true,
    ];
    const failed = answers.find((answer) => answer !== true);
    if (failed !== undefined || wanted === undefined) return failed ?? true;
    const has = hasOption(packet, offset, header, wanted.value);
    if (has === 'broken') {
      // What is not found is not there: behind `!` the match holds.
      return { kind: wanted.inverted ? 'doomed' : 'hotdrop', reason: 'the options of the packet are cut short' };
    }
    return compare('dccp-option', wanted, has, () => `the option is ${has ? '' : 'not '}there`);
  },
});

interface DccpHeader {
  readonly sport: number;
  readonly dport: number;
  /** Of header and options, in bytes. */
  readonly dataOffset: number;
  readonly type: number;
  /** The sequence number has 48 bits. */
  readonly isExtended: boolean;
}

/** @see RFC 4340 §5.1 */
const HEADER_BYTES = 12;

function readHeader(packet: Packet, offset: number): DccpHeader | undefined {
  if (offset + HEADER_BYTES > packet.length) return undefined;
  const byte = (at: number, width: 1 | 2) => numberAt(packet, offset + at, width) ?? 0;
  const typeAndX = byte(8, 1);
  return {
    sport: byte(0, 2),
    dport: byte(2, 2),
    dataOffset: byte(4, 1) * 4,
    type: (typeAndX >>> 1) & 0x0f,
    isExtended: (typeAndX & 1) === 1,
  };
}

/** What stands between the header and the options, by type. @kernel include/linux/dccp.h:dccp_packet_hdr_len */
const FIXED_BYTES: readonly number[] = [4, 12, 0, 8, 8, 8, 8, 12, 8, 8];
const FIXED_BYTES_OF_OTHERS = 12;

/** @kernel net/netfilter/xt_dccp.c:dccp_find_option */
function hasOption(packet: Packet, offset: number, header: DccpHeader, wanted: number): boolean | 'broken' {
  const { dataOffset, type, isExtended } = header;
  const start = HEADER_BYTES + (isExtended ? 4 : 0) + (FIXED_BYTES[type] ?? FIXED_BYTES_OF_OTHERS);
  if (dataOffset < start || (dataOffset > start && offset + dataOffset > packet.length)) return 'broken';
  const options = bytesOf(packet).subarray(offset + start, offset + dataOffset);
  for (let at = 0; at < options.length; ) {
    const kind = options[at] ?? 0;
    if (kind === wanted) return true;
    // Options 0 and 1 are one byte long; a length of 0 is taken for 1.
    at += kind < 2 || at === options.length - 1 ? 1 : options[at + 1] || 1;
  }
  return false;
}
