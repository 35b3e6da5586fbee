/** The security parameter index of ESP and AH headers. */
import type { Given } from '../netfilter/ruleset';
import type { MatchAnswer, ValueType } from './define';
import { type NumberSpan, numberSpan } from './value-types';

const EVERY = 0xffff_ffff;

export const spiSpan: ValueType<NumberSpan> = {
  ...numberSpan('index[:index]', EVERY),
  omitted: ({ min, max }) => min === 0 && max === EVERY,
};

/** Simulated packets have no such header of their own: only what every index satisfies is certain. */
export function compareSpi(given: Given<NumberSpan> | undefined): MatchAnswer {
  const everyIndex = given === undefined || (given.value.min === 0 && given.value.max === EVERY && !given.inverted);
  return everyIndex ? true : { kind: 'unsure', reason: 'a scenario does not say the index of the packet' };
}
