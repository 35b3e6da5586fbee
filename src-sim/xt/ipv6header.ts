import { type Choice, defineMatch, fails, option, type Parsed, same, saved } from './define';
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
  ],
  matches: () => ({ kind: 'unsure', reason: 'the extension headers of a packet are not simulated' }),
});
