import { PROTOCOL } from '../net/protocol';
import { defineMatch, fails, option, same, saved, takes } from './define';
import { compareSpi, spiSpan } from './spi';

export const esp = defineMatch({
  name: 'esp',
  families: ['ipv4', 'ipv6'],
  loadedBy: [PROTOCOL.esp],
  protocols: [PROTOCOL.esp],
  summary: 'The security parameter index of an ESP packet.',
  kernel: 'net/netfilter/xt_esp.c:esp_mt',
  options: {
    espspi: option(spiSpan, 'The index, or the smallest and the largest.', { invert: true }),
  },
  examples: [
    saved('-p esp --espspi 5', '-p esp -m esp --espspi 5'),
    saved('-p esp -m esp ! --espspi 5:0x10', '-p esp -m esp ! --espspi 5:16'),
    saved('-p esp -m esp --espspi 0:4294967295', '-p esp -m esp'),
    same('-p esp -m esp --espspi 5:1'),
    fails('-m esp --espspi 5', 'needs -p esp'),
    takes('-p esp -m esp', 'in eth0 esp 198.51.100.7 > 10.0.0.2'),
  ],
  matches: (packet, given) => compareSpi(given.espspi, packet, { option: 'espspi', offset: 0, bytes: 8 }),
});
