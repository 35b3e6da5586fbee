import { defineMatch, fails, given as gives, mismatch, option, same, saved, takes } from './define';
import { packetRate } from './rate-type';
import {
  DEFAULT_LIMIT,
  DEFAULT_LIMIT_BURST,
  fullBucket,
  isTooLarge,
  LIMIT_SCALE,
  limitRate,
  type TokenBucket,
  takeToken,
} from './token-bucket';
import { unsigned } from './value-types';

export const limit = defineMatch({
  name: 'limit',
  families: ['ipv4', 'ipv6'],
  summary: 'Takes packets at a rate, and a burst of them before that: a token bucket for the whole rule.',
  details: [
    'The bucket starts full and is shared by **all** packets that get as far as this match, whoever sent them',
    '(for one bucket a host there is `hashlimit`). It is filled at the rate, up to the burst. Only packets that',
    'matched everything before it take a token, so it belongs at the end of the rule. What it does not take goes',
    'on to the next rule: a DROP has to follow.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_limit.c:limit_mt',
  options: {
    limit: option(packetRate(LIMIT_SCALE), 'Average rate; `3/hour` by default.'),
    'limit-burst': option(
      unsigned('number from 0 to 10000', 0, 10_000),
      'How many packets may come at once; 5 by default.',
    ),
  },
  examples: [
    saved('-m limit', '-m limit --limit 3/hour'),
    saved('-m limit --limit 60/minute', '-m limit --limit 1/sec'),
    saved('-m limit --limit 7/m --limit-burst 5', '-m limit --limit 7/min'),
    saved('-m limit --limit 5.5/S', '-m limit --limit 5/sec'),
    same('-m limit --limit 10000/sec --limit-burst 10'),
    fails('-m limit --limit 10001/second', 'too fast'),
    fails('-m limit --limit 5/fortnight', 'not a rate'),
    fails('-m limit --limit 0/second', 'not a rate'),
    fails('-m limit ! --limit 5/s', 'cannot be inverted'),
    fails('-m limit --limit-burst 0', 'a burst of 0'),
    fails('-m limit --limit 1/day', 'too large'),
    takes('-m limit --limit 1/hour --limit-burst 1', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
  ],
  refuses(given) {
    const rate = limitRate(given);
    // iptables-nft makes a limit of its own, which knows neither bound. @see iptables/nft.c: add_nft_limit
    if (rate.burst === 0) return { why: 'a burst of 0 takes no packet', by: 'legacy' };
    return isTooLarge(rate) ? { why: 'the rate and burst are too large for the kernel', by: 'legacy' } : undefined;
  },
  canonical(given) {
    const burst = given['limit-burst'];
    const isDefault = burst === undefined || burst.value === DEFAULT_LIMIT_BURST;
    return { limit: given.limit ?? gives(DEFAULT_LIMIT), ...(isDefault ? {} : { 'limit-burst': burst }) };
  },
  matches(_packet, given, world) {
    const rate = limitRate(given);
    const bucket = world.matchState<TokenBucket>(given, () => fullBucket(rate, world.now));
    return takeToken(bucket, rate, world.now) || mismatch('limit', 'the limit is used up');
  },
  region: () => [{ conditions: [], exact: false }],
});
