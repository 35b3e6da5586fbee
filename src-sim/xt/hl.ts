import { defineMatch, defineTarget, fails, option, same, saved, takes } from './define';
import { changedHops, compareHops, step } from './hop-count';
import { asked, NO_PACKET } from './region';
import { uint8 } from './value-types';

export const hl = defineMatch({
  name: 'hl',
  families: ['ipv6'],
  summary: 'The hop limit of an IPv6 packet.',
  kernel: 'net/netfilter/xt_hl.c:hl_mt6',
  oneOf: [['hl-eq', 'hl-lt', 'hl-gt']],
  options: {
    'hl-eq': option(uint8, 'Exactly this.', { invert: true, aliases: ['hl'] }),
    'hl-lt': option(uint8, 'Less than this.'),
    'hl-gt': option(uint8, 'More than this.'),
  },
  examples: [
    saved('-m hl ! --hl 64', '-m hl ! --hl-eq 64'),
    same('-m hl --hl-lt 5'),
    fails('-m hl', 'one of'),
    fails('-m hl ! --hl-lt 5', 'cannot be inverted'),
    takes('-m hl --hl-eq 255', 'in eth0 icmpv6 2001:db8::7 > 2001:db8::1 neighbour-solicitation ttl=255'),
  ],
  matches(packet, given) {
    const { 'hl-eq': equal, 'hl-lt': less, 'hl-gt': more } = given;
    return compareHops('hl', packet.ttl, { equal, less, more });
  },
  region: (given) => (given['hl-lt']?.value === 0 || given['hl-gt']?.value === 255 ? NO_PACKET : asked('hl', given)),
});

export const HL = defineTarget({
  name: 'HL',
  families: ['ipv6'],
  summary: 'Changes the hop limit of the packet; the walk goes on with the next rule.',
  kernel: 'net/netfilter/xt_HL.c:hl_tg6',
  tables: ['mangle'],
  oneOf: [['hl-set', 'hl-dec', 'hl-inc']],
  options: {
    'hl-set': option(uint8, 'Set it to this.'),
    'hl-dec': option(step, 'Take this away, down to 0.'),
    'hl-inc': option(step, 'Add this, up to 255.'),
  },
  examples: [same('-j HL --hl-set 5'), fails('-j HL', 'one of'), fails('-j HL --hl-dec 0', 'out of range')],
  apply(packet, given) {
    const { 'hl-set': set, 'hl-dec': dec, 'hl-inc': inc } = given;
    return { kind: 'continue', packet: { ...packet, ttl: changedHops(packet.ttl, set, dec, inc) } };
  },
  effect: () => ({ kind: 'continue' }),
});
