/** Rates and times as rateest and RATEEST write them. @see extensions/libxt_rateest.c, extensions/libxt_RATEEST.c */
import type { Parsed, ValueType } from './define';
import { bad, ok, uint32, word } from './value-types';
import type { World } from './world';

const BITS: Readonly<Record<string, number>> = {
  bit: 1,
  kibit: 1024,
  kbit: 1e3,
  mibit: 1024 ** 2,
  mbit: 1e6,
  gibit: 1024 ** 3,
  gbit: 1e9,
  tibit: 1024 ** 4,
  tbit: 1e12,
  bps: 8,
  kibps: 8 * 1024,
  kbps: 8e3,
  mibps: 8 * 1024 ** 2,
  mbps: 8e6,
  gibps: 8 * 1024 ** 3,
  gbps: 8e9,
  tibps: 8 * 1024 ** 4,
  tbps: 8e12,
};

/** In whole bytes a second; nothing where the other estimator's rate is meant. */
export const bitRate: ValueType<number | null> = {
  name: 'rate, such as 5kbit',
  words: 1,
  optional: true,
  parse: ([text]) => (text === undefined ? ok(null) : readRate(text)),
  print: (rate) => (rate === null ? [] : [rateText(rate * 8)]),
};

function readRate(text: string): Parsed<number | null> {
  const [, number, unit = ''] = /^(\d+(?:\.\d*)?|\.\d+)([a-z]*)$/i.exec(text) ?? [];
  const bits = unit === '' ? 1 : BITS[unit.toLowerCase()];
  if (number === undefined || bits === undefined) return bad(`"${text}" is not a rate`);
  return ok(Math.floor((Number(number) * bits) / 8));
}

function rateText(bits: number): string {
  if (bits >= 1e9) return `${Math.round(bits / 1e6)}Mbit`;
  return bits >= 1e6 ? `${Math.round(bits / 1e3)}Kbit` : `${bits}bit`;
}

export const packetRate: ValueType<number | null> = {
  name: 'packets a second',
  words: 1,
  optional: true,
  parse: (words, family) => (words.length === 0 ? ok(null) : uint32.parse(words, family)),
  print: (rate) => (rate === null ? [] : [`${rate}`]),
};

const MICROSECONDS: Readonly<Record<string, number>> = {
  s: 1e6,
  sec: 1e6,
  secs: 1e6,
  ms: 1e3,
  msec: 1e3,
  msecs: 1e3,
  us: 1,
  usec: 1,
  usecs: 1,
};

/** In microseconds, of which 32 bits are kept. */
export const duration = word<number>(
  'time, such as 250ms',
  (text) => {
    const [, number, unit = ''] = /^(\d+(?:\.\d*)?|\.\d+)([a-z]*)$/i.exec(text) ?? [];
    const scale = unit === '' ? 1 : MICROSECONDS[unit.toLowerCase()];
    if (number === undefined || scale === undefined) return bad(`"${text}" is not a time`);
    return ok(Math.floor(Number(number) * scale) % 2 ** 32);
  },
  (time) => {
    if (time >= 1e6) return `${(time / 1e6).toFixed(1)}s`;
    return time >= 1e3 ? `${(time / 1e3).toFixed(1)}ms` : `${time}us`;
  },
);

/** Names of the estimators that rules have made so far. */
export function estimatorsOf(world: Pick<World, 'sharedState'>): Set<string> {
  return world.sharedState('rateest', '', () => new Set<string>());
}
