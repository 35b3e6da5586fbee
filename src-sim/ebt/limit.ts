import { fails, given as gives, mismatch, option, same, saved, takes } from '../xt/define';
import { packetRate } from '../xt/rate-type';
import {
  DEFAULT_LIMIT,
  DEFAULT_LIMIT_BURST,
  fullBucket,
  isTooLarge,
  LIMIT_SCALE,
  limitRate,
  type TokenBucket,
  takeToken,
} from '../xt/token-bucket';
import { unsigned } from '../xt/value-types';
import { defineBridgeMatch } from './define';

export const limit = defineBridgeMatch({
  name: 'limit',
  summary: 'Takes frames at a rate, and a burst of them before that: a token bucket for the whole rule.',
  details: 'Like `-m limit` of iptables. Only frames that matched everything before it take a token.',
  kernel: 'net/bridge/netfilter/ebt_limit.c:ebt_limit_mt',
  options: {
    limit: option(packetRate(LIMIT_SCALE), 'Average rate; `3/hour` by default.'),
    'limit-burst': option(
      unsigned('number from 1 to 10000', 1, 10_000),
      'How many frames may come at once; 5 by default.',
    ),
  },
  refuses: (given) => (isTooLarge(limitRate(given)) ? 'the rate and burst are too large for the kernel' : undefined),
  canonical: (given) => ({
    limit: given.limit ?? gives(DEFAULT_LIMIT),
    'limit-burst': given['limit-burst'] ?? gives(DEFAULT_LIMIT_BURST),
  }),
  examples: [
    saved('--limit 3 -j DROP', '--limit 3/sec --limit-burst 5 -j DROP'),
    saved('--limit-burst 10 -j DROP', '--limit 3/hour --limit-burst 10 -j DROP'),
    same('--limit 1/sec --limit-burst 10 -j DROP'),
    fails('--limit 20000/sec -j DROP', 'too fast'),
    fails('--limit ! 3/hour -j DROP', 'cannot be inverted'),
    fails('--limit 3/min --limit-burst 10001 -j DROP', 'out of range'),
    takes('--limit 1/hour --limit-burst 1', 'in p0 udp 10.0.0.2:4000 > 10.0.0.3:53'),
  ],
  matches(_packet, given, world) {
    const rate = limitRate(given);
    const bucket = world.matchState<TokenBucket>(given, () => fullBucket(rate, world.now));
    return takeToken(bucket, rate, world.now) || mismatch('limit', 'the limit is used up');
  },
});
