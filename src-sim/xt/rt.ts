import { type Address, familyOf, parseAddress } from '../net/address';
import { defineMatch, fails, leaves, mismatch, option, type Parsed, same, type ValueType } from './define';
import { allParsed, bad, flag, type NumberSpan, numberSpan, ok, uint32, word } from './value-types';

const EVERY = 0xffff_ffff;

const segments: ValueType<NumberSpan> = {
  ...numberSpan('number[:number]', EVERY),
  omitted: ({ min, max }) => min === 0 && max === EVERY,
};

/** @kernel include/uapi/linux/netfilter_ipv6/ip6t_rt.h:IP6T_RT_HOPS */
const MOST_HOPS = 16;

const addresses = word<readonly Address[]>(
  'address[,…]',
  (text) => {
    const list = text.split(',');
    return list.length > MOST_HOPS ? bad(`at most ${MOST_HOPS} addresses`) : allParsed(list.map(readIpv6));
  },
  (list) => list.join(','),
);

function readIpv6(text: string): Parsed<Address> {
  const found = parseAddress(text);
  return found !== undefined && familyOf(found) === 'ipv6' ? ok(found) : bad(`"${text}" is not an IPv6 address`);
}

export const rt = defineMatch({
  name: 'rt',
  families: ['ipv6'],
  summary: 'The routing header of an IPv6 packet; with no option, that it has one.',
  details: 'Type 0 lets a stranger choose the way; hosts have ignored it since RFC 5095, so this match finds little.',
  kernel: 'net/ipv6/netfilter/ip6t_rt.c:rt_mt6',
  options: {
    'rt-type': option(uint32, 'Type of the header.', { invert: true }),
    'rt-segsleft': option(segments, 'Hops that are left.', { invert: true }),
    'rt-len': option(uint32, 'Length of the header in bytes.', { invert: true }),
    'rt-0-res': option(flag, 'The reserved field is 0 (type 0).', { requires: ['rt-type'] }),
    'rt-0-addrs': option(addresses, 'The addresses of the way (type 0).', { requires: ['rt-type'] }),
    'rt-0-not-strict': option(flag, 'These addresses, with others between them (type 0).', {
      requires: ['rt-0-addrs'],
    }),
  },
  examples: [
    same('-m rt --rt-type 0 --rt-0-res --rt-0-addrs ::1,::2 --rt-0-not-strict'),
    same('-m rt ! --rt-type 0 --rt-segsleft 1:5 ! --rt-len 8'),
    same('-m rt'),
    fails('-m rt --rt-0-res', 'needs'),
    leaves('-m rt --rt-type 0', 'in eth0 udp [2001:db8::7]:4000 > [2001:db8:1::2]:53'),
  ],
  matches: () => mismatch('', 'the packet has no routing header'),
});
