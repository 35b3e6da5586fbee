import { optionBytes } from '../net/bytes';
import { isLaterFragment, type TcpOptions } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import { defineTarget, fails, option, type Parsed, saved } from './define';
import { allParsed, bad, mapParsed, ok, parseNumberIn, word } from './value-types';

/** Option kinds of RFC 9293 §3.2, RFC 2018, RFC 7323, RFC 2385. */
const NAMES: Readonly<Record<string, number>> = {
  mss: 2,
  wscale: 3,
  'sack-permitted': 4,
  sack: 5,
  timestamp: 8,
  md5: 19,
};

const kinds = word<readonly number[]>(
  'list of TCP options',
  (text) => mapParsed(allParsed(text.split(',').map(readKind)), (list) => [...new Set(list)].sort((a, b) => a - b)),
  (list) => list.join(','),
  Object.entries(NAMES).map(([text, kind]) => ({ text, summary: `option ${kind}` })),
);

function readKind(text: string): Parsed<number> {
  const named = Object.hasOwn(NAMES, text) ? NAMES[text] : undefined;
  if (named !== undefined) return ok(named);
  const number = parseNumberIn(text, 2, 255);
  return number.ok ? number : bad(`"${text}" is not a TCP option`);
}

export const TCPOPTSTRIP = defineTarget({
  name: 'TCPOPTSTRIP',
  families: ['ipv4', 'ipv6'],
  protocols: [PROTOCOL.tcp],
  summary: 'Overwrites options of the TCP header with nothing; the walk goes on with the next rule.',
  kernel: 'net/netfilter/xt_TCPOPTSTRIP.c:tcpoptstrip_mangle_packet',
  tables: ['mangle'],
  options: {
    'strip-options': option(kinds, 'The options, by number or name.'),
  },
  examples: [
    saved('-p tcp -j TCPOPTSTRIP --strip-options wscale,2', '-p tcp -j TCPOPTSTRIP --strip-options 2,3'),
    fails('-p tcp -j TCPOPTSTRIP --strip-options foo', 'not a TCP option'),
    fails('-j TCPOPTSTRIP --strip-options 2', 'needs -p tcp'),
  ],
  apply(packet, given) {
    const { transport } = packet;
    if (transport.kind !== 'tcp' || isLaterFragment(packet)) return { kind: 'continue' };
    const options = withoutOptions(transport.options, given['strip-options']?.value ?? []);
    const stripped = optionBytes(transport.options).length - optionBytes(options).length;
    const blankOptionBytes = (transport.blankOptionBytes ?? 0) + stripped;
    return { kind: 'continue', packet: { ...packet, transport: { ...transport, options, blankOptionBytes } } };
  },
  effect: () => ({ kind: 'continue' }),
});

function withoutOptions(
  { mss, windowScale, sackPermitted, sack }: TcpOptions,
  stripped: readonly number[],
): TcpOptions {
  return {
    ...(mss === undefined || stripped.includes(2) ? {} : { mss }),
    ...(windowScale === undefined || stripped.includes(3) ? {} : { windowScale }),
    ...(sackPermitted === undefined || stripped.includes(4) ? {} : { sackPermitted }),
    ...(sack === undefined || stripped.includes(5) ? {} : { sack }),
  };
}
