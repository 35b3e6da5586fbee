import { PROTOCOL } from '../net/protocol';
import { defineMatch, fails, option, same, saved } from './define';
import { compareSpi, spiSpan } from './spi';
import { flag } from './value-types';

export const ipcomp = defineMatch({
  name: 'ipcomp',
  families: ['ipv4', 'ipv6'],
  loadedBy: [PROTOCOL.ipcomp],
  protocols: [PROTOCOL.ipcomp],
  summary: 'The compression index of an IPComp packet.',
  kernel: 'net/netfilter/xt_ipcomp.c:comp_mt',
  options: {
    ipcompspi: option(spiSpan, 'The index, or the smallest and the largest.', { invert: true }),
    compres: option(flag, 'The reserved field is 0; the kernel does not look at it.'),
  },
  examples: [
    saved('-p ipcomp --ipcompspi 5', '-p ipcomp -m ipcomp --ipcompspi 5'),
    same('-p ipcomp -m ipcomp ! --ipcompspi 5:9 --compres'),
    fails('-m ipcomp --ipcompspi 5', 'needs -p ipcomp'),
  ],
  matches: (packet, given) =>
    compareSpi(given.ipcompspi, packet, { option: 'ipcompspi', offset: 2, width: 2, bytes: 4 }),
});
