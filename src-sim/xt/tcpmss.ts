import { isLaterFragment, type Packet, type TcpSegment } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import { compare, defineMatch, defineTarget, fails, leaves, option, same, saved, takes } from './define';
import { testsSyn } from './tcp';
import { bad, flag, inSpan, type NumberSpan, numberSpan, unsigned } from './value-types';

const span = numberSpan('size[:size]', 65_535);

const orderedSpan: typeof span = {
  ...span,
  parse(words, family) {
    const read = span.parse(words, family);
    return read.ok && read.value.min > read.value.max ? bad<NumberSpan>('the range runs backwards') : read;
  },
};

export const tcpmss = defineMatch({
  name: 'tcpmss',
  families: ['ipv4', 'ipv6'],
  protocols: [PROTOCOL.tcp],
  summary: 'The maximum segment size that a TCP SYN announces.',
  details: 'A segment without the option matches only behind `!`; only SYN and SYN,ACK carry it.',
  kernel: 'net/netfilter/xt_tcpmss.c:tcpmss_mt',
  options: {
    mss: option(orderedSpan, 'The size, or the smallest and the largest.', { invert: true, required: true }),
  },
  examples: [
    saved('-p tcp -m tcpmss --mss :100', '-p tcp -m tcpmss --mss 0:100'),
    same('-p tcp -m tcpmss ! --mss 1460'),
    fails('-p tcp -m tcpmss --mss 200:100', 'backwards'),
    fails('-m tcpmss --mss 1460', 'needs -p tcp'),
    takes('-p tcp -m tcpmss --mss 1000:1460', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S mss=1460'),
    leaves('-p tcp -m tcpmss --mss 1000:1460', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
    takes('-p tcp -m tcpmss ! --mss 1000:1460', 'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S'),
  ],
  matches(packet, given) {
    const mss = packet.transport.kind === 'tcp' ? packet.transport.options.mss : undefined;
    const held = mss !== undefined && inSpan(mss, given.mss.value);
    return compare('mss', given.mss, held, () => (mss === undefined ? 'the segment has no MSS' : `the MSS is ${mss}`));
  },
});

/** What the headers before the data take of a packet. */
const HEADER_BYTES = { ipv4: 40, ipv6: 60 } as const;

/** What a host takes for the MSS of a peer that names none. RFC 9293 §3.7.1, RFC 8200 §5 */
const UNNAMED_MSS = { ipv4: 536, ipv6: 1220 } as const;

/** @deviates the kernel asks the routes both ways; here every link is an Ethernet */
const PATH_MTU = 1500;

const MSS_OPTION_BYTES = 4;

export const TCPMSS = defineTarget({
  name: 'TCPMSS',
  families: ['ipv4', 'ipv6'],
  protocols: [PROTOCOL.tcp],
  summary: 'Lowers the maximum segment size that a TCP SYN announces; the walk goes on with the next rule.',
  details: [
    'Against paths on which ICMP "fragmentation needed" is lost (PPPoE, tunnels). It never raises the size. The',
    'rule needs `-p tcp` and a test that SYN is set: `--tcp-flags SYN,RST SYN`.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_TCPMSS.c:tcpmss_mangle_packet',
  anyOf: [['set-mss', 'clamp-mss-to-pmtu']],
  options: {
    'set-mss': option(unsigned('number from 0 to 65515', 0, 65_515), 'At most this.'),
    'clamp-mss-to-pmtu': option(flag, 'At most what the MTU of the path leaves: 40 bytes less than it, 60 in IPv6.', {
      hooks: ['FORWARD', 'OUTPUT', 'POSTROUTING'],
    }),
  },
  examples: [
    saved(
      '-p tcp --syn -j TCPMSS --set-mss 1400',
      '-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j TCPMSS --set-mss 1400',
    ),
    same('-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu'),
    fails('-p tcp -m tcp --syn -j TCPMSS', 'at least one'),
    fails('-p tcp -m tcp --syn -j TCPMSS --set-mss 70000', 'out of range'),
    fails('-j TCPMSS --set-mss 1400', 'needs -p tcp'),
    fails('-p tcp ! --syn -j TCPMSS --set-mss 1400', 'SYN'),
  ],
  refuses(_given, { matches }) {
    if (matches.some(testsSyn)) return undefined;
    // The kernel does not look at iptables-nft's own expressions. @kernel net/netfilter/xt_TCPMSS.c:tcpmss_tg4_check
    return { why: 'the rule must test that SYN is set: add --syn', by: 'legacy' };
  },
  canonical({ 'set-mss': size, 'clamp-mss-to-pmtu': clamp }) {
    return { ...(clamp ? { 'clamp-mss-to-pmtu': clamp } : {}), ...(size && !clamp && { 'set-mss': size }) };
  },
  apply(packet, given) {
    if (packet.transport.kind !== 'tcp' || isLaterFragment(packet)) return { kind: 'continue' };
    const wanted = given['clamp-mss-to-pmtu'] ? PATH_MTU - HEADER_BYTES[packet.family] : (given['set-mss']?.value ?? 0);
    return { kind: 'continue', packet: withMss(packet, packet.transport, wanted) };
  },
  effect: () => ({ kind: 'continue' }),
});

function withMss(packet: Packet, segment: TcpSegment, wanted: number): Packet {
  const { mss } = segment.options;
  if (mss !== undefined) {
    return mss <= wanted
      ? packet
      : { ...packet, transport: { ...segment, options: { ...segment.options, mss: wanted } } };
  }
  if (segment.dataLength > 0) return packet;
  const added = Math.min(wanted, UNNAMED_MSS[packet.family]);
  const transport = { ...segment, options: { ...segment.options, mss: added } };
  return { ...packet, length: packet.length + MSS_OPTION_BYTES, transport };
}
