import { EXTENSION } from '../net/ipv6-header';
import { defineMatch, fails, leaves, option, same, saved, takes } from './define';
import { compareOptions } from './ipv6-options';
import { headerOptions } from './ipv6-options-type';
import { uint32 } from './value-types';

export const hbh = defineMatch({
  name: 'hbh',
  families: ['ipv6'],
  summary: 'The hop-by-hop options header of an IPv6 packet; with no option, that it has one.',
  kernel: 'net/ipv6/netfilter/ip6t_hbh.c:hbh_mt6',
  options: {
    'hbh-len': option(uint32, 'Length of the header in bytes.', { invert: true }),
    'hbh-opts': option(headerOptions, 'Options that it holds, with their lengths.'),
  },
  examples: [
    same('-m hbh'),
    same('-m hbh ! --hbh-len 42'),
    same('-m hbh --hbh-len 42 --hbh-opts 1:2,23:42,4:6,8:10,42,23,4:5'),
    saved('-m hbh --hbh-opts 300', '-m hbh --hbh-opts 44'),
    fails('-m hbh --hbh-opts none', 'not a number'),
    takes(
      '-m hbh --hbh-len 8 --hbh-opts 1:4',
      'in eth0 0 2001:db8::7 > 2001:db8:1::2 data="\\u003b\\u0000\\u0001\\u0004\\u0000\\u0000\\u0000\\u0000"',
    ),
    leaves('-m hbh', 'in eth0 udp [2001:db8::7]:4000 > [2001:db8:1::2]:53'),
  ],
  matches: (packet, given) =>
    compareOptions(packet, {
      name: 'hbh',
      header: EXTENSION.hopByHop,
      length: given['hbh-len'],
      options: given['hbh-opts']?.value ?? [],
    }),
});
