import { network } from './address-types';
import { defineMatch, fails, leaves, mismatch, option, same, saved } from './define';
import { uint8, uint16 } from './value-types';

const INVERT = { invert: true };

export const srh = defineMatch({
  name: 'srh',
  families: ['ipv6'],
  summary: 'The segment routing header of an IPv6 packet (RFC 8754); with no option, that it has one.',
  kernel: 'net/ipv6/netfilter/ip6t_srh.c:srh1_mt6',
  options: {
    'srh-next-hdr': option(uint8, 'The next header.', INVERT),
    'srh-hdr-len-eq': option(uint8, 'Its length.', INVERT),
    'srh-hdr-len-gt': option(uint8, 'It is longer.', INVERT),
    'srh-hdr-len-lt': option(uint8, 'It is shorter.', INVERT),
    'srh-segs-left-eq': option(uint8, 'Segments that are left.', INVERT),
    'srh-segs-left-gt': option(uint8, 'More segments are left.', INVERT),
    'srh-segs-left-lt': option(uint8, 'Less segments are left.', INVERT),
    'srh-last-entry-eq': option(uint8, 'The last entry.', INVERT),
    'srh-last-entry-gt': option(uint8, 'It is greater.', INVERT),
    'srh-last-entry-lt': option(uint8, 'It is less.', INVERT),
    'srh-tag': option(uint16, 'The tag.', INVERT),
    'srh-psid': option(network, 'The segment before this one.', INVERT),
    'srh-nsid': option(network, 'The next segment.', INVERT),
    'srh-lsid': option(network, 'The last segment.', INVERT),
  },
  examples: [
    same('-m srh'),
    same('-m srh ! --srh-hdr-len-eq 8 --srh-segs-left-lt 3 --srh-last-entry-gt 1 --srh-tag 5'),
    saved('-m srh --srh-psid a::/64 --srh-nsid b::1', '-m srh --srh-psid a::/64 --srh-nsid b::1/128'),
    fails('-m srh --srh-next-hdr 256', 'out of range'),
    leaves('-m srh', 'in eth0 udp [2001:db8::7]:4000 > [2001:db8:1::2]:53'),
  ],
  matches: () => mismatch('', 'the packet has no segment routing header'),
});
