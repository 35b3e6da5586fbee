/** The bucket of tokens of `limit`, in iptables and in ebtables. @kernel net/netfilter/xt_limit.c, ebt_limit.c */
import { HZ, jiffies } from './jiffies';

/** @kernel include/uapi/linux/netfilter/xt_limit.h:XT_LIMIT_SCALE */
export const LIMIT_SCALE = 10_000;

/** The largest power of two for which a day's credit fits 32 bits. @kernel xt_limit.c:CREDITS_PER_JIFFY */
const CREDITS_PER_JIFFY = 2 ** Math.floor(Math.log2(0xffff_ffff / (HZ * 60 * 60 * 24)));

export const DEFAULT_LIMIT = { period: LIMIT_SCALE * 1200, unitSeconds: 3600 };
export const DEFAULT_LIMIT_BURST = 5;

export interface TokenRate {
  /** Time between two tokens, in seconds divided by {@link LIMIT_SCALE}. */
  readonly period: number;
  readonly burst: number;
}

export interface TokenBucket {
  credit: number;
  /** When it was last filled, in jiffies. */
  filled: number;
}

/** @param now virtual time in seconds */
export function fullBucket({ period, burst }: TokenRate, now: number): TokenBucket {
  return { credit: userToCredits(period * burst), filled: jiffies(now) };
}

/** What `limit` is given, in iptables and in ebtables. */
interface LimitOptions {
  readonly limit?: { readonly value: { readonly period: number } };
  readonly 'limit-burst'?: { readonly value: number };
}

export function limitRate(given: LimitOptions): TokenRate {
  return {
    period: given.limit?.value.period ?? DEFAULT_LIMIT.period,
    burst: given['limit-burst']?.value ?? DEFAULT_LIMIT_BURST,
  };
}

/** Fills the bucket as the time has passed, and takes a token; false where there is none. */
export function takeToken(bucket: TokenBucket, { period, burst }: TokenRate, seconds: number): boolean {
  const full = userToCredits(period * burst);
  const cost = userToCredits(period);
  const now = jiffies(seconds);
  bucket.credit = Math.min(full, bucket.credit + (now - bucket.filled) * CREDITS_PER_JIFFY);
  bucket.filled = now;
  if (bucket.credit < cost) return false;
  bucket.credit -= cost;
  return true;
}

/** The kernel multiplies in 32 bits, and refuses where that overflows. @kernel xt_limit.c:limit_mt_check */
export function isTooLarge({ period, burst }: TokenRate): boolean {
  const product = Math.imul(period, burst) >>> 0;
  return userToCredits(product) < userToCredits(period);
}

/** In 32 bits, dividing first where the product would not fit. @kernel net/netfilter/xt_limit.c:user2credits */
function userToCredits(user: number): number {
  const perSecond = HZ * CREDITS_PER_JIFFY;
  if (user > 0xffff_ffff / perSecond) return (Math.floor(user / LIMIT_SCALE) * perSecond) >>> 0;
  return Math.floor((user * perSecond) / LIMIT_SCALE);
}
