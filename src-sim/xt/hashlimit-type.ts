/** What `hashlimit` is told: a rate of packets or of bytes, a burst, the parts of a packet that tell buckets apart. */
import type { Parsed } from './define';
import { packetRate, type Rate, rateText } from './rate-type';
import { bad, ok, word } from './value-types';

/** @kernel include/uapi/linux/netfilter/xt_hashlimit.h:XT_HASHLIMIT_SCALE_v2, XT_HASHLIMIT_BYTE_SHIFT */
export const SCALE = 1_000_000;
const BYTE_SHIFT = 4;
const UINT32 = 0xffff_ffff;

export type HashRate =
  | ({ readonly kind: 'packets' } & Rate)
  /** `cost`: what 16 bytes take of 2³² a second. */
  | { readonly kind: 'bytes'; readonly cost: number };

const packets = packetRate(SCALE);

export const hashRate = word<HashRate>(
  'rate: NUMBER/second, /minute, /hour, /day, or NUMBERb/s, kb/s, mb/s',
  (text, family): Parsed<HashRate> => {
    const bytes = /^(\d+).*?([a-z]?)b\/s/i.exec(text);
    if (bytes) return readBytes(Number(bytes[1]), bytes[2] ?? '', text);
    const rate = packets.parse([text], family);
    return rate.ok ? ok({ kind: 'packets', ...rate.value }) : rate;
  },
  (rate) => (rate.kind === 'packets' ? rateText(rate.period, SCALE).text : `${bytesText(costToBytes(rate.cost))}/s`),
  packets.choices,
);

function readBytes(number: number, factor: string, text: string): Parsed<HashRate> {
  const bytes = number * (FACTORS[factor.toLowerCase()] ?? 1);
  if (number === 0 || bytes > UINT32 * 2 ** BYTE_SHIFT) return bad(`"${text}" is not a rate`);
  const cost = Math.floor(UINT32 / (Math.floor(bytes / 2 ** BYTE_SHIFT) + 1));
  return cost === 0 ? bad(`the rate ${text} is too high`) : ok({ kind: 'bytes', cost });
}

const FACTORS: Readonly<Record<string, number>> = { m: 1_048_576, k: 1024 };

/** Rounded down to 16 bytes on the way. @see extensions/libxt_hashlimit.c: cost_to_bytes */
export function costToBytes(cost: number): number {
  const chunks = cost === 0 ? UINT32 : Math.floor(UINT32 / cost);
  return (chunks - 1) * 2 ** BYTE_SHIFT;
}

/** In the largest unit that leaves no rest. */
function bytesText(bytes: number): string {
  if (bytes >= 1_048_576 && bytes % 1_048_576 === 0) return `${bytes / 1_048_576}mb`;
  return bytes >= 1024 && bytes % 1024 === 0 ? `${bytes / 1024}kb` : `${bytes}b`;
}

/** A number of packets, or of bytes where the rate is one of bytes. */
export type Burst = { readonly amount: number; readonly unit: 'packets' | 'bytes' };

export const MOST_PACKETS = 1_000_000;

/** What unit a burst has only the rate tells: {@link burstFor} puts it right. */
export const burst = word<Burst>(
  'number of packets, or of bytes: NUMBERb, kb, mb',
  (text) => {
    const [, number, factor = ''] = /^(\d+)(?:([mk])?b?)?$/i.exec(text) ?? [];
    const amount = number === undefined ? 0 : Number(number) * (FACTORS[factor.toLowerCase()] ?? 1);
    return amount === 0 || amount > UINT32 ? bad(`"${text}" is not a burst`) : ok({ amount, unit: 'packets' });
  },
  ({ amount, unit }) => (unit === 'packets' ? `${amount}` : bytesText(amount)),
);

/** A burst as the kernel is told it; bytes are as many times the rate. */
export function burstFor(rate: HashRate, { amount }: Burst): Burst {
  if (rate.kind === 'packets') return { amount, unit: 'packets' };
  return { amount: costToBytes(rate.cost) * refills(rate.cost, amount), unit: 'bytes' };
}

/** How often the bucket may be refilled for a burst of bytes. */
export function refills(cost: number, bytes: number): number {
  return Math.ceil(bytes / costToBytes(cost));
}
