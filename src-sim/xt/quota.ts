import { defineMatch, fails, leaves, mismatch, option, same, takes } from './define';
import { bad, ok, word } from './value-types';

const LARGEST = 2n ** 64n - 1n;

/** As decimal text: JSON has no 64-bit numbers. */
const bytes = word<string>('number of bytes', (text) => {
  const value = /^\d+$/.test(text) ? BigInt(text) : undefined;
  return value === undefined || value > LARGEST ? bad(`"${text}" is not a number of bytes below 2⁶⁴`) : ok(`${value}`);
});

export const quota = defineMatch({
  name: 'quota',
  families: ['ipv4', 'ipv6'],
  summary: 'Takes packets until so many bytes have passed; then no more.',
  details: [
    'The first packet that does not fit uses up the rest. The count starts again whenever the rules are loaded.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_quota.c:quota_mt',
  options: {
    quota: option(bytes, 'How many bytes of IP packets, headers included.', { invert: true, required: true }),
  },
  examples: [
    same('-m quota ! --quota 100'),
    same('-m quota --quota 18446744073709551615'),
    fails('-m quota --quota 18446744073709551616', 'not a number'),
    fails('-m quota', 'required'),
    takes('-m quota --quota 28', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    leaves('-m quota --quota 27', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
  ],
  matches(packet, given, world) {
    const left = world.matchState(given, () => ({ bytes: BigInt(given.quota.value) }));
    const fits = left.bytes >= BigInt(packet.length);
    left.bytes = fits ? left.bytes - BigInt(packet.length) : 0n;
    return fits !== given.quota.inverted
      ? true
      : mismatch('quota', fits ? 'the quota is not used up' : 'the quota is used up');
  },
  region: () => [{ conditions: [], exact: false }],
});
