/** A rate, `3/hour`, as the time between two packets: what the meters of the kernel are told. */

import type { ValueType } from './define';
import { bad, ok, word } from './value-types';

/** Units in iptables' order, from the longest. @see extensions/libxt_limit.c: rates */
const UNITS = [
  { name: 'day', saved: 'day', seconds: 86_400 },
  { name: 'hour', saved: 'hour', seconds: 3_600 },
  { name: 'minute', saved: 'min', seconds: 60 },
  { name: 'second', saved: 'sec', seconds: 1 },
] as const;

export type Rate = {
  /** Time between two packets, in units of a second divided by the scale. */
  readonly period: number;
  /** Seconds of the unit in which the rate was given. */
  readonly unitSeconds: number;
};

/** @param scale in how many parts a second is divided: more than so many packets a second cannot be told */
export function packetRate(scale: number): ValueType<Rate> {
  return word<Rate>(
    'rate: NUMBER/second, /minute, /hour or /day',
    (text) => {
      const slash = text.indexOf('/');
      const unit = slash === -1 ? UNITS[3] : findUnit(text.slice(slash + 1));
      const count = Number.parseInt(/^\d+/.exec(text)?.[0] ?? '0', 10);
      if (unit === undefined || count === 0) return bad(`"${text}" is not a rate`);
      const period = Math.floor((scale * unit.seconds) / count);
      return period === 0 ? bad(`the rate ${text} is too fast`) : ok({ period, unitSeconds: unit.seconds });
    },
    ({ period }) => rateText(period, scale).text,
    UNITS.map(({ name }) => ({ text: `1/${name}`, summary: `one packet a ${name}` })),
  );
}

/** A unit may be shortened to its first letter. */
function findUnit(text: string) {
  const wanted = text.toLowerCase();
  return wanted === '' ? undefined : UNITS.find(({ name }) => name.startsWith(wanted));
}

/** In the longest unit that loses nothing much. @see extensions/libxt_limit.c: print_rate */
export function rateText(period: number, scale: number): { readonly text: string; readonly unitSeconds: number } {
  let chosen: (typeof UNITS)[number] = UNITS[0];
  for (const unit of UNITS.slice(1)) {
    const length = unit.seconds * scale;
    if (period > length || Math.floor(length / period) < length % period) break;
    chosen = unit;
  }
  const count = Math.floor((chosen.seconds * scale) / period);
  return { text: `${count}/${chosen.saved}`, unitSeconds: chosen.seconds };
}
