import { defineMatch, defineTarget, fails, leaves, option, same, saved, takes } from './define';
import { changedHops, compareHops, step } from './hop-count';
import { asked, NO_PACKET } from './region';
import { uint8 } from './value-types';

export const ttl = defineMatch({
  name: 'ttl',
  families: ['ipv4'],
  summary: 'The time to live of an IPv4 packet.',
  details: 'In POSTROUTING and FORWARD a forwarded packet has lost one already.',
  kernel: 'net/netfilter/xt_hl.c:ttl_mt',
  oneOf: [['ttl-eq', 'ttl-lt', 'ttl-gt']],
  options: {
    'ttl-eq': option(uint8, 'Exactly this.', { invert: true, aliases: ['ttl'] }),
    'ttl-lt': option(uint8, 'Less than this.'),
    'ttl-gt': option(uint8, 'More than this.'),
  },
  examples: [
    saved('-m ttl ! --ttl 64', '-m ttl ! --ttl-eq 64'),
    same('-m ttl --ttl-gt 64'),
    fails('-m ttl', 'one of'),
    fails('-m ttl ! --ttl-gt 64', 'cannot be inverted'),
    fails('-m ttl --ttl-gt 64 --ttl-lt 70', 'excludes'),
    fails('-m ttl --ttl-eq 256', 'out of range'),
    takes('-m ttl --ttl-lt 64', 'in eth0 udp 198.51.100.7:40000 > 203.0.113.1:53 ttl=63'),
    leaves('-m ttl ! --ttl-eq 63', 'in eth0 udp 198.51.100.7:40000 > 203.0.113.1:53 ttl=63'),
  ],
  matches(packet, given) {
    const { 'ttl-eq': equal, 'ttl-lt': less, 'ttl-gt': more } = given;
    return compareHops('ttl', packet.ttl, { equal, less, more });
  },
  region: (given) => (given['ttl-lt']?.value === 0 || given['ttl-gt']?.value === 255 ? NO_PACKET : asked('ttl', given)),
});

export const TTL = defineTarget({
  name: 'TTL',
  families: ['ipv4'],
  summary: 'Changes the time to live of the packet; the walk goes on with the next rule.',
  details: '`--ttl-inc` can keep a packet in a routing loop for ever, and deceives traceroute.',
  kernel: 'net/netfilter/xt_HL.c:ttl_tg',
  tables: ['mangle'],
  oneOf: [['ttl-set', 'ttl-dec', 'ttl-inc']],
  options: {
    'ttl-set': option(uint8, 'Set it to this.'),
    'ttl-dec': option(step, 'Take this away, down to 0.'),
    'ttl-inc': option(step, 'Add this, up to 255.'),
  },
  examples: [
    same('-j TTL --ttl-set 64'),
    same('-j TTL --ttl-inc 1'),
    fails('-j TTL', 'one of'),
    fails('-j TTL --ttl-dec 0', 'out of range'),
    fails('-j TTL --ttl-set 1 --ttl-inc 1', 'excludes'),
  ],
  apply(packet, given) {
    const { 'ttl-set': set, 'ttl-dec': dec, 'ttl-inc': inc } = given;
    return { kind: 'continue', packet: { ...packet, ttl: changedHops(packet.ttl, set, dec, inc) } };
  },
  effect: () => ({ kind: 'continue' }),
});
