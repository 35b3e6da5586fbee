/**
 * One bucket of `hashlimit`: three ways to fill it and to take from it. Credit is 64 bits wide in the kernel, hence
 * BigInt.
 *
 * @kernel net/netfilter/xt_hashlimit.c:rateinfo_init, rateinfo_recalc, hashlimit_mt_common
 */
import { costToBytes, type HashRate, refills, SCALE } from './hashlimit-type';
import { HZ } from './jiffies';

export type Bucket = CreditBucket | ByteBucket | RateBucket;

/** Packets: a token bucket. */
interface CreditBucket {
  readonly kind: 'credit';
  credit: bigint;
  readonly full: bigint;
  readonly cost: bigint;
  filled: number;
}

/** Bytes: the bucket holds one second, and may be refilled at once so many times. */
interface ByteBucket {
  readonly kind: 'bytes';
  credit: bigint;
  readonly cost: bigint;
  refills: number;
  filled: number;
}

/** `--hashlimit-rate-match`: what passed in one interval decides about the next. */
interface RateBucket {
  readonly kind: 'rate';
  readonly unit: 'packets' | 'bytes';
  readonly rate: number;
  readonly burst: number;
  readonly intervalSeconds: number;
  current: number;
  wasOver: boolean;
  filled: number;
}

export interface BucketSettings {
  readonly rate: HashRate;
  readonly burst: number | undefined;
  /** Seconds; undefined: no rate match. */
  readonly interval: number | undefined;
}

/** The largest powers of two for which a day's (a second's) credit fits 64 (32) bits. */
const CREDITS_PER_JIFFY = 2n ** 39n;
const BYTE_CREDITS_PER_JIFFY = 2n ** BigInt(Math.floor(Math.log2(0xffff_ffff / HZ)));
const BYTE_CREDITS_FULL = BYTE_CREDITS_PER_JIFFY * BigInt(HZ);
const CREDITS_PER_PERIOD = (BigInt(HZ) * CREDITS_PER_JIFFY) / BigInt(SCALE);

/** @kernel xt_hashlimit.c:user2credits */
export function periodCredits(period: bigint): bigint {
  return BigInt.asUintN(64, period * CREDITS_PER_PERIOD);
}

/** @kernel xt_hashlimit.c:user2credits_byte */
export function byteCredits(cost: number): bigint {
  return (BigInt(cost) * BYTE_CREDITS_FULL) >> 32n;
}

export function newBucket({ rate, burst, interval }: BucketSettings, now: number): Bucket {
  if (interval !== undefined) return newRateBucket(rate, burst, interval, now);
  if (rate.kind === 'bytes') {
    const allowed = burst === undefined ? 0 : refills(rate.cost, burst);
    return { kind: 'bytes', credit: BYTE_CREDITS_FULL, cost: byteCredits(rate.cost), refills: allowed, filled: now };
  }
  const full = periodCredits(BigInt(rate.period) * BigInt(burst ?? 0));
  return { kind: 'credit', credit: full, full, cost: periodCredits(BigInt(rate.period)), filled: now };
}

function newRateBucket(rate: HashRate, burst: number | undefined, intervalSeconds: number, now: number): RateBucket {
  const base = { kind: 'rate', intervalSeconds, current: 0, wasOver: false, filled: now } as const;
  if (rate.kind === 'bytes') {
    const bytes = costToBytes(rate.cost);
    return {
      ...base,
      unit: 'bytes',
      rate: bytes,
      burst: burst === undefined ? bytes : refills(rate.cost, burst) * bytes,
    };
  }
  const packets = Math.floor(SCALE / rate.period);
  return { ...base, unit: 'packets', rate: packets, burst: (burst ?? 0) + packets };
}

export function fillBucket(bucket: Bucket, now: number): void {
  const passed = now - bucket.filled;
  if (passed === 0) return;
  if (bucket.kind === 'rate') {
    const interval = bucket.intervalSeconds * HZ;
    if (passed < interval) return;
    bucket.wasOver = bucket.current * interval > passed * bucket.rate;
    bucket.current = 0;
  } else {
    const perJiffy = bucket.kind === 'bytes' ? BYTE_CREDITS_PER_JIFFY : CREDITS_PER_JIFFY;
    const full = bucket.kind === 'bytes' ? BYTE_CREDITS_FULL : bucket.full;
    const credit = bucket.credit + BigInt(passed) * perJiffy;
    bucket.credit = credit > full ? full : credit;
  }
  bucket.filled = now;
}

/** Whether the packet is within the limit; if so it is paid for. */
export function pay(bucket: Bucket, packetBytes: number): boolean {
  switch (bucket.kind) {
    case 'rate':
      bucket.current += bucket.unit === 'bytes' ? packetBytes : 1;
      return !bucket.wasOver && bucket.current <= bucket.burst;
    case 'bytes':
      return payCredit(bucket, byteCost(bucket, packetBytes));
    case 'credit':
      return payCredit(bucket, bucket.cost);
  }
}

function payCredit(bucket: CreditBucket | ByteBucket, cost: bigint): boolean {
  if (bucket.credit < cost) return false;
  bucket.credit -= cost;
  return true;
}

/** @kernel xt_hashlimit.c:hashlimit_byte_cost */
function byteCost(bucket: ByteBucket, packetBytes: number): bigint {
  const chunks = BigInt((packetBytes >> 4) + 1);
  const wanted = chunks * bucket.cost;
  const cost = wanted > BYTE_CREDITS_FULL ? BYTE_CREDITS_FULL : wanted;
  if (bucket.credit < cost && bucket.refills > 0) {
    bucket.refills -= 1;
    bucket.credit = BYTE_CREDITS_FULL;
  }
  return cost;
}
