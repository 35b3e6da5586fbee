import { defineMatch, fails, given as gives, mismatch, option, same, saved, takes } from './define';
import { HZ, jiffies } from './jiffies';
import { packetRate } from './rate-type';
import { unsigned } from './value-types';

/** @kernel include/uapi/linux/netfilter/xt_limit.h:XT_LIMIT_SCALE */
const SCALE = 10_000;

/** The largest power of two for which a day's credit fits 32 bits. @kernel xt_limit.c:CREDITS_PER_JIFFY */
const CREDITS_PER_JIFFY = 2 ** Math.floor(Math.log2(0xffff_ffff / (HZ * 60 * 60 * 24)));

const DEFAULT_RATE = { period: SCALE * 1200, unitSeconds: 3600 };
const DEFAULT_BURST = 5;

interface Bucket {
  credit: number;
  /** When it was last filled, in jiffies. */
  filled: number;
}

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
    limit: option(packetRate(SCALE), 'Average rate; `3/hour` by default.'),
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
    const { period, burst } = bucketOf(given);
    // iptables-nft makes a limit of its own, which knows neither bound. @see iptables/nft.c: add_nft_limit
    if (burst === 0) return { why: 'a burst of 0 takes no packet', by: 'legacy' };
    // The kernel multiplies in 32 bits, and refuses where that overflows (limit_mt_check).
    const product = Math.imul(period, burst) >>> 0;
    return userToCredits(product) < userToCredits(period)
      ? { why: 'the rate and burst are too large for the kernel', by: 'legacy' }
      : undefined;
  },
  canonical(given) {
    const burst = given['limit-burst'];
    const isDefault = burst === undefined || burst.value === DEFAULT_BURST;
    return { limit: given.limit ?? gives(DEFAULT_RATE), ...(isDefault ? {} : { 'limit-burst': burst }) };
  },
  matches(_packet, given, world) {
    const { period, burst } = bucketOf(given);
    const full = userToCredits(period * burst);
    const cost = userToCredits(period);
    const now = jiffies(world.now);
    const bucket = world.matchState<Bucket>(given, () => ({ credit: full, filled: now }));
    bucket.credit = Math.min(full, bucket.credit + (now - bucket.filled) * CREDITS_PER_JIFFY);
    bucket.filled = now;
    if (bucket.credit < cost) return mismatch('limit', 'the limit is used up');
    bucket.credit -= cost;
    return true;
  },
  region: () => [{ conditions: [], exact: false }],
});

interface LimitOptions {
  readonly limit?: { readonly value: { readonly period: number } };
  readonly 'limit-burst'?: { readonly value: number };
}

function bucketOf(given: LimitOptions): { readonly period: number; readonly burst: number } {
  return {
    period: given.limit?.value.period ?? DEFAULT_RATE.period,
    burst: given['limit-burst']?.value ?? DEFAULT_BURST,
  };
}

/** In 32 bits, dividing first where the product would not fit. @kernel net/netfilter/xt_limit.c:user2credits */
function userToCredits(user: number): number {
  const perSecond = HZ * CREDITS_PER_JIFFY;
  if (user > 0xffff_ffff / perSecond) return (Math.floor(user / SCALE) * perSecond) >>> 0;
  return Math.floor((user * perSecond) / SCALE);
}
