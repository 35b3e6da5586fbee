import { compare, defineMatch, fails, leaves, option, same, saved, takes } from './define';
import { asked, NO_PACKET } from './region';
import { inSpan, numberSpan } from './value-types';

export const length = defineMatch({
  name: 'length',
  families: ['ipv4', 'ipv6'],
  summary: 'The length of the IP packet in bytes, its headers included.',
  kernel: 'net/netfilter/xt_length.c:length_mt',
  options: {
    length: option(numberSpan('bytes[:bytes]', 65_535), 'So many bytes, or from the first to the second number.', {
      invert: true,
      required: true,
    }),
  },
  examples: [
    saved('-m length --length :40', '-m length --length 0:40'),
    saved('-m length --length 40:', '-m length --length 40:65535'),
    saved('-m length ! --length 40:40', '-m length ! --length 40'),
    same('-m length --length 50:40'),
    fails('-m length --length 65536', 'out of range'),
    fails('-m length', 'required'),
    takes('-m length --length 28', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    leaves('-m length --length 0:28', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53 len=1'),
  ],
  matches(packet, given) {
    const held = inSpan(packet.length, given.length.value);
    return compare('length', given.length, held, () => `the packet has ${packet.length} bytes`);
  },
  region: (given) => {
    const { value, inverted } = given.length;
    return value.min > value.max && !inverted ? NO_PACKET : asked('length', given);
  },
});
