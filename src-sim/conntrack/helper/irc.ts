/**
 * IRC: direct connections between clients (DCC), which one of them offers in a message.
 *
 * @see https://modern.ircdocs.horse/dcc
 */
import { type Address, addressFromValue } from '../../net/address';
import { PROTOCOL } from '../../net/protocol';
import {
  anySource,
  type HelpedFlow,
  type Helper,
  type HelperAnswer,
  isEstablished,
  NOTHING,
  payloadText,
} from './define';

const OFFERS = ['SEND ', 'CHAT ', 'MOVE ', 'TSEND ', 'SCHAT '] as const;
/** How far into a segment it looks. @kernel …_irc.c:MAX_SEARCH_SIZE */
const LONGEST_SEARCH = 4095;
/** What the shortest messages have at least. */
const SHORTEST_MESSAGE = 10;
const SHORTEST_OFFER = 26;
const SHORTEST_ADDRESS = 12;

export const irc: Helper = {
  name: 'irc',
  families: ['ipv4'],
  protocols: [PROTOCOL.tcp],
  port: 6667,
  summary: 'the direct connections (DCC) that an IRC client offers',
  kernel: 'net/netfilter/nf_conntrack_irc.c:help',
  policy: { most: 8, timeoutSeconds: 300 },
  read(packet, flow) {
    const text = payloadText(packet)?.slice(0, LONGEST_SEARCH);
    if (flow.direction === 'reply' || !isEstablished(flow) || text === undefined) return NOTHING;
    const at = offerPlace(text);
    return at === undefined ? NOTHING : readOffer(text, at, flow);
  },
};

/** Where the kind of a DCC offer stands in a message. */
function offerPlace(text: string): number | undefined {
  let at = 0;
  while (at < text.length - SHORTEST_MESSAGE && ' \r\n'.includes(text[at] ?? 'x')) at += 1;
  if (at < text.length - SHORTEST_MESSAGE) {
    if (text.slice(at, at + 8).toUpperCase() !== 'PRIVMSG ') return undefined;
    at += 8;
  }
  const message = text.indexOf(' :', at);
  const isLongEnough = message !== -1 && message < text.length - SHORTEST_OFFER;
  return isLongEnough && text.startsWith('\x01DCC ', message + 2) ? message + 7 : undefined;
}

function readOffer(text: string, at: number, { entry }: HelpedFlow): HelperAnswer {
  const kind = OFFERS.find((name) => text.startsWith(name, at));
  const offer = kind === undefined ? undefined : readAddress(text, at + kind.length);
  if (offer === undefined) return NOTHING;
  const { address, port } = offer;
  // A client may name its own address, or the one that NAT gives it: another is forged.
  if ((address !== entry.original.src && address !== entry.reply.dst) || port === 0) return NOTHING;
  const tuple = { src: '0.0.0.0', dst: entry.reply.dst, protocol: PROTOCOL.tcp, sport: 0, dport: port };
  const place = { at: offer.at, length: offer.length, write };
  return { kind: 'expects', announced: [{ tuple, mask: anySource('ipv4'), nat: { direction: 'reply', place } }] };
}

/** `FILE ADDRESS PORT`, the address as one number. @kernel …_irc.c:parse_dcc */
function readAddress(text: string, from: number) {
  const space = text.indexOf(' ', from);
  if (space === -1 || space > text.length - SHORTEST_ADDRESS || !text.includes('\n', space)) return undefined;
  const at = space + 1;
  const [all = '', address = '', port = ''] = /^([0-9]*) *([0-9]*)/.exec(text.slice(at)) ?? [];
  return {
    address: addressFromValue(BigInt(address || '0') & 0xffff_ffffn, 'ipv4'),
    port: Number(BigInt(port || '0') & 0xffffn),
    at,
    length: all.length,
  };
}

function write(address: Address, port: number): string {
  return `${address.split('.').reduce((value, byte) => value * 256 + Number(byte), 0)} ${port}`;
}
