import { bytesOf } from '../net/bytes';
import { EXTENSION, extensionLength } from '../net/ipv6-header';
import { firstProtocol, IP_HEADER_BYTES, type Packet } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import {
  type Choice,
  compare,
  defineMatch,
  fails,
  leaves,
  mismatch,
  option,
  type Parsed,
  same,
  saved,
  takes,
} from './define';
import { allParsed, bad, flag, mapParsed, ok, word } from './value-types';

/** Headers in the order in which iptables-save prints them. @see extensions/libip6t_ipv6header.c */
const HEADERS: readonly (readonly [name: string, short: string, number: string])[] = [
  ['hop-by-hop', 'hop', '0'],
  ['ipv6-opts', 'dst', '60'],
  ['ipv6-route', 'route', '43'],
  ['ipv6-frag', 'frag', '44'],
  ['ah', 'auth', '51'],
  ['esp', 'esp', '50'],
  ['ipv6-nonxt', 'none', '59'],
  ['protocol', 'prot', '255'],
];

/** What ends the chain of headers, if it is neither ESP nor nothing. */
const PROTOCOL_NAME = 'protocol';

const headers = word<readonly string[]>(
  'headers',
  (text) =>
    mapParsed(allParsed(text.split(',').map(readHeader)), (given) =>
      HEADERS.map(([name]) => name).filter((name) => given.includes(name)),
    ),
  (list) => list.join(','),
  HEADERS.map(([text, short, number]): Choice => ({ text, summary: `${short}, ${number}` })),
);

function readHeader(text: string): Parsed<string> {
  const found = HEADERS.find((names) => names.includes(text.toLowerCase()));
  return found ? ok(found[0]) : bad(`"${text}" is no header`);
}

export const ipv6header = defineMatch({
  name: 'ipv6header',
  families: ['ipv6'],
  summary: 'Which extension headers an IPv6 packet has.',
  kernel: 'net/ipv6/netfilter/ip6t_ipv6header.c:ipv6header_mt6',
  options: {
    header: option(headers, 'The packet has exactly these headers; `none` and `protocol` are the end.', {
      invert: true,
      required: true,
    }),
    soft: option(flag, 'It may have others too.'),
  },
  examples: [
    saved('-m ipv6header --header hop,dst', '-m ipv6header --header hop-by-hop,ipv6-opts'),
    saved('-m ipv6header ! --header 0,44 --soft', '-m ipv6header ! --header hop-by-hop,ipv6-frag --soft'),
    same('-m ipv6header --header ah,esp,ipv6-nonxt,protocol --soft'),
    fails('-m ipv6header', 'required'),
    fails('-m ipv6header --header foo', 'no header'),
    takes('-m ipv6header --header prot', 'in eth0 udp [2001:db8::7]:4000 > [2001:db8:1::2]:53'),
    leaves('-m ipv6header --header frag --soft', 'in eth0 udp [2001:db8::7]:4000 > [2001:db8:1::2]:53'),
    takes('-m ipv6header ! --header frag,route --soft', 'in eth0 udp [2001:db8::7]:4000 > [2001:db8:1::2]:53'),
  ],
  matches(packet, { header, soft }) {
    const seen = headersOf(packet);
    if (seen === undefined) return mismatch('', 'the headers of the packet are cut short');
    const saw = () => `the packet has ${[...seen].join(',')}`;
    if (!soft) {
      const held = seen.size === header.value.length && header.value.every((name) => seen.has(name));
      return compare('header', header, held, saw);
    }
    // Behind `!` none of them may be there.
    return header.value.every((name) => seen.has(name) !== header.inverted) || mismatch('header', saw());
  },
});

/** Undefined where the packet ends before they do. @kernel net/ipv6/netfilter/ip6t_ipv6header.c:ipv6header_mt6 */
function headersOf(packet: Packet): ReadonlySet<string> | undefined {
  const bytes = bytesOf(packet);
  const seen = new Set<string>(packet.fragment ? ['ipv6-frag'] : []);
  let protocol = firstProtocol(packet);
  let offset: number = IP_HEADER_BYTES.ipv6;
  for (let name = nameOf(protocol); name !== undefined; name = nameOf(protocol)) {
    const endsHere = protocol === EXTENSION.none || protocol === PROTOCOL.esp;
    if (protocol !== EXTENSION.none && offset + 2 > bytes.length) return undefined;
    seen.add(name);
    if (endsHere) return seen;
    const next = bytes[offset] ?? 0;
    offset += extensionLength(protocol, bytes, offset);
    protocol = next;
    if (offset > bytes.length) break;
  }
  if (protocol !== EXTENSION.none && protocol !== PROTOCOL.esp) seen.add(PROTOCOL_NAME);
  return seen;
}

function nameOf(protocol: number): string | undefined {
  return HEADERS.find(([name, , number]) => name !== PROTOCOL_NAME && Number(number) === protocol)?.[0];
}
