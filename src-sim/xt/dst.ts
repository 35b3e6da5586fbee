import { EXTENSION } from '../net/ipv6-header';
import { defineMatch, fails, leaves, option, same, saved, takes } from './define';
import { compareOptions } from './ipv6-options';
import { headerOptions } from './ipv6-options-type';
import { uint32 } from './value-types';

export const dst = defineMatch({
  name: 'dst',
  families: ['ipv6'],
  summary: 'The destination options header of an IPv6 packet; with no option, that it has one.',
  kernel: 'net/ipv6/netfilter/ip6t_hbh.c:hbh_mt6',
  options: {
    'dst-len': option(uint32, 'Length of the header in bytes.', { invert: true }),
    'dst-opts': option(headerOptions, 'Options that it holds, with their lengths.'),
  },
  examples: [
    same('-m dst'),
    same('-m dst ! --dst-len 42'),
    same('-m dst --dst-len 42 --dst-opts 1:2,23:42,4:6,8:10,42,23,4:5'),
    saved('-m dst --dst-opts 300', '-m dst --dst-opts 44'),
    fails('-m dst --dst-opts none', 'not a number'),
    takes(
      '-m dst --dst-len 8 --dst-opts 1:4',
      'in eth0 60 2001:db8::7 > 2001:db8:1::2 data="\\u003b\\u0000\\u0001\\u0004\\u0000\\u0000\\u0000\\u0000"',
    ),
    leaves('-m dst', 'in eth0 udp [2001:db8::7]:4000 > [2001:db8:1::2]:53'),
  ],
  matches: (packet, given) =>
    compareOptions(packet, {
      name: 'dst',
      header: EXTENSION.destination,
      length: given['dst-len'],
      options: given['dst-opts']?.value ?? [],
    }),
});
