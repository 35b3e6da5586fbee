import { bytesOf } from '../net/bytes';
import { EXTENSION, extensionLength, findIpv6Header } from '../net/ipv6-header';
import type { Packet } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import { numberAt } from '../net/transport-header';
import type { Given } from '../netfilter/ruleset';
import { compare, defineMatch, fails, type MatchAnswer, mismatch, option, same, saved, takes } from './define';
import { compareSpi, type SpiHeader, spiSpan } from './spi';
import { flag, inSpan, type NumberSpan, uint32 } from './value-types';

/** @see RFC 4302 §2 */
const IPV4_HEADER: SpiHeader = { option: 'ahspi', offset: 4, bytes: 12 };

export const ah = defineMatch({
  name: 'ah',
  families: ['ipv4', 'ipv6'],
  loadedBy: [PROTOCOL.ah],
  summary: 'The security parameter index of an authentication header.',
  details: 'In IPv6 the header stands before the protocol that `-p` names, so there it needs no `-p ah`.',
  kernel: 'net/ipv4/netfilter/ipt_ah.c:ah_mt',
  options: {
    ahspi: option(spiSpan, 'The index, or the smallest and the largest.', { invert: true }),
    ahlen: option(uint32, 'Length of the header in bytes. IPv6 only.', { invert: true }),
    ahres: option(flag, 'The reserved field is 0. IPv6 only.'),
  },
  examples: [
    same('-p ah -m ah ! --ahspi 5'),
    saved('-p ah -m ah --ahspi 0:', '-p ah -m ah'),
    fails('-m ah', 'needs -p ah'),
    takes('-p ah -m ah', 'in eth0 ah 198.51.100.7 > 10.0.0.2'),
  ],
  refuses(given, { family, protocol }) {
    if (family === 'ipv6') return undefined;
    if (given.ahlen ?? given.ahres) return 'IPv4 has --ahspi only';
    return protocol?.value === PROTOCOL.ah && !protocol.inverted ? undefined : 'ah needs -p ah';
  },
  matches(packet, given) {
    return packet.family === 'ipv4' ? compareSpi(given.ahspi, packet, IPV4_HEADER) : compareIpv6(packet, given);
  },
});

interface AhOptions {
  readonly ahspi?: Given<NumberSpan>;
  readonly ahlen?: Given<number>;
  readonly ahres?: Given<true>;
}

/** @kernel net/ipv6/netfilter/ip6t_ah.c:ah_mt6 */
function compareIpv6(packet: Packet, { ahspi, ahlen, ahres }: AhOptions): MatchAnswer {
  const found = findIpv6Header(packet, EXTENSION.auth);
  if (found === 'absent') return mismatch('', 'the packet has no such header');
  if (found === 'broken') return { kind: 'hotdrop', reason: 'the headers of the packet are cut short' };
  const { offset } = found;
  const [reserved, index] = [numberAt(packet, offset + 2, 2), numberAt(packet, offset + 4, 4)];
  if (index === undefined) return { kind: 'hotdrop', reason: 'the packet has not the whole header' };
  const length = extensionLength(EXTENSION.auth, bytesOf(packet), offset);
  const answers = [
    ahspi ? compare('ahspi', ahspi, inSpan(index, ahspi.value), () => `the index is ${index}`) : true,
    // A length of 0 asks nothing.
    ahlen?.value ? compare('ahlen', ahlen, length === ahlen.value, () => `the header has ${length} bytes`) : true,
    !ahres || reserved === 0 || mismatch('ahres', `the reserved field is ${reserved}`),
  ];
  return answers.find((answer) => answer !== true) ?? true;
}
