import { defineMatch, fails, option } from './define';
import { bitRate, estimatorsOf, packetRate } from './rateest-type';
import { flag, limitedName } from './value-types';

const estimator = limitedName('name of an estimator', 15);

const COMPARISONS = ['rateest-lt', 'rateest-gt', 'rateest-eq'] as const;

export const rateest = defineMatch({
  name: 'rateest',
  families: ['ipv4', 'ipv6'],
  summary: 'Compares the rate that an estimator has seen with another’s, or with a number.',
  details: 'An estimator is made by a rule with `-j RATEEST`, which must be loaded before.',
  kernel: 'net/netfilter/xt_rateest.c:xt_rateest_mt',
  oneOf: [COMPARISONS, ['rateest', 'rateest1']],
  options: {
    'rateest-delta': option(flag, 'What is left of a rate when the estimator’s is taken away.'),
    rateest: option(estimator, 'The estimator.'),
    rateest1: option(estimator, 'The first estimator of two.'),
    'rateest-bps1': option(bitRate, 'Rate that the first estimator’s is taken from.', {
      requires: ['rateest-delta'],
    }),
    'rateest-pps1': option(packetRate, 'The same in packets a second.', { requires: ['rateest-delta'] }),
    'rateest-lt': option(flag, 'The rate is less.', { invert: true }),
    'rateest-gt': option(flag, 'The rate is more.', { invert: true }),
    'rateest-eq': option(flag, 'The rate is the same.', { invert: true }),
    'rateest-bps': option(bitRate, 'Compares bits a second: with this rate, or the other estimator’s.'),
    'rateest-pps': option(packetRate, 'Compares packets a second.'),
    'rateest-bps2': option(bitRate, 'Rate that is compared with.'),
    'rateest-pps2': option(packetRate, 'The same in packets a second.'),
    rateest2: option(estimator, 'The second estimator.'),
  },
  examples: [
    fails('-m rateest --rateest-lt --rateest-bps 8bit', 'one of'),
    fails('-m rateest --rateest RE1 --rateest-bps 8bit', 'one of'),
    fails('-m rateest --rateest RE1 --rateest-lt --rateest-bps 8furlongs', 'not a rate'),
  ],
  canonical({ rateest: first, rateest1, ...rest }) {
    const name = first ?? rateest1;
    if (name === undefined) return rest;
    return rest.rateest2 ? { ...rest, rateest1: name } : { ...rest, rateest: name };
  },
  prepare(given, world) {
    const names = [given.rateest, given.rateest1, given.rateest2].flatMap((name) => (name ? [name.value] : []));
    const missing = names.find((name) => !estimatorsOf(world).has(name));
    return missing === undefined ? undefined : `no rule before this one makes the estimator ${missing}`;
  },
  matches: () => ({ kind: 'unsure', reason: 'the rate of an estimator depends on the time between packets' }),
});
