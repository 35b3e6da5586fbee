import { defineTarget, fails, given as gives, option, saved } from './define';
import { duration, estimatorsOf } from './rateest-type';
import { limitedName } from './value-types';

/** The shortest interval, in microseconds; each of the five others is twice the one before. */
const SHORTEST = 250_000;
const LONGEST_DOUBLING = 5;

export const RATEEST = defineTarget({
  name: 'RATEEST',
  families: ['ipv4', 'ipv6'],
  summary: 'Counts the packet in an estimator of rates, which `-m rateest` reads; the walk goes on.',
  kernel: 'net/netfilter/xt_RATEEST.c:xt_rateest_tg',
  options: {
    'rateest-name': option(limitedName('name', 15), 'Name of the estimator.', { required: true }),
    'rateest-interval': option(duration, 'How often the rate is worked out.', { required: true }),
    'rateest-ewmalog': option(duration, 'Over what time it is averaged.', { required: true }),
  },
  examples: [
    saved(
      '-j RATEEST --rateest-name RE1 --rateest-interval 250ms --rateest-ewmalog 500ms',
      '-j RATEEST --rateest-name RE1 --rateest-interval 250.0ms --rateest-ewmalog 500.0ms',
    ),
    saved(
      '-j RATEEST --rateest-name RE2 --rateest-interval 3s --rateest-ewmalog 100s',
      '-j RATEEST --rateest-name RE2 --rateest-interval 4.0s --rateest-ewmalog 128.0s',
    ),
    fails('-j RATEEST --rateest-name RE1 --rateest-interval 20s --rateest-ewmalog 100s', 'too long'),
    fails('-j RATEEST --rateest-name RE1 --rateest-interval 4s --rateest-ewmalog 1s', 'out of range'),
    fails('-j RATEEST --rateest-name RE1 --rateest-interval x --rateest-ewmalog 1s', 'not a time'),
    fails('-j RATEEST --rateest-name RE1', 'required'),
  ],
  refuses({ 'rateest-interval': interval, 'rateest-ewmalog': average }) {
    if (doublings(interval.value) > LONGEST_DOUBLING) return 'an interval longer than 8 seconds is too long';
    const weight = weightLog(interval.value, average.value);
    return weight === 0 || weight >= 31 ? 'the time of averaging is out of range for the interval' : undefined;
  },
  canonical({ 'rateest-interval': interval, 'rateest-ewmalog': average, ...rest }) {
    const kept = SHORTEST * 2 ** doublings(interval.value);
    const averaged = (kept * 2 ** weightLog(interval.value, average.value)) % 2 ** 32;
    return { ...rest, 'rateest-interval': gives(kept), 'rateest-ewmalog': gives(averaged) };
  },
  prepare(given, world) {
    estimatorsOf(world).add(given['rateest-name'].value);
    return undefined;
  },
  apply: () => ({ kind: 'continue' }),
  effect: () => ({ kind: 'continue' }),
});

function doublings(interval: number): number {
  let count = 0;
  while (count <= LONGEST_DOUBLING && interval > SHORTEST * 2 ** count) count++;
  return count;
}

/** The weight of the newest value, as a power of two. @see extensions/libxt_RATEEST.c: RATEEST_final_check */
function weightLog(interval: number, average: number): number {
  let log = 1;
  while (log < 32 && interval / -Math.log(1 - 2 ** -log) <= average) log++;
  return log - 1;
}
