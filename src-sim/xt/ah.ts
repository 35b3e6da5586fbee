import { PROTOCOL } from '../net/protocol';
import { defineMatch, fails, option, same, saved, takes } from './define';
import { compareSpi, spiSpan } from './spi';
import { flag, uint32 } from './value-types';

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
    if (given.ahlen ?? given.ahres) return { kind: 'unsure', reason: 'a scenario does not say what the header holds' };
    if (packet.protocol !== PROTOCOL.ah) return { kind: 'mismatch', option: '', saw: 'the packet has no such header' };
    return compareSpi(given.ahspi);
  },
});
