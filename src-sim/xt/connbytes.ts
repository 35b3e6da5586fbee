import type { Carried, FlowCounters } from '../conntrack/accounting';
import type { Given } from '../netfilter/ruleset';
import { defineMatch, fails, leaves, mismatch, option, type Parsed, saved, takes } from './define';
import { allParsed, bad, keyword, ok, word } from './value-types';

const DIRECTIONS = [
  { text: 'original', summary: 'from the one who began' },
  { text: 'reply', summary: 'towards the one who began' },
  { text: 'both', summary: 'both together' },
] as const;

const MODES = [
  { text: 'packets', summary: 'packets' },
  { text: 'bytes', summary: 'bytes' },
  { text: 'avgpkt', summary: 'bytes a packet' },
] as const;

const LARGEST = 2n ** 64n - 1n;

type ByteSpan = { readonly from: string; readonly to: string };

/** As decimal text: JSON has no 64-bit numbers. */
const span = word<ByteSpan>(
  'number[:[number]]',
  (text) => {
    const [from = '', to = '', ...rest] = text.split(':');
    if (rest.length > 0) return bad(`"${text}" has more than one colon`);
    const ends = allParsed([readNumber(from === '' ? '0' : from), readNumber(to === '' ? `${LARGEST}` : to)]);
    if (!ends.ok) return ends;
    const [low = 0n, high = 0n] = ends.value;
    return low > high ? bad(`the range ${text} runs backwards`) : ok({ from: `${low}`, to: `${high}` });
  },
  ({ from, to }) => (to === `${LARGEST}` ? from : `${from}:${to}`),
);

function readNumber(text: string): Parsed<bigint> {
  const value = /^\d+$/.test(text) ? BigInt(text) : undefined;
  return value === undefined || value > LARGEST ? bad(`"${text}" is not a number below 2⁶⁴`) : ok(value);
}

export const connbytes = defineMatch({
  name: 'connbytes',
  families: ['ipv4', 'ipv6'],
  summary: 'How many packets or bytes a connection has carried.',
  details: 'It switches `net.netfilter.nf_conntrack_acct` on; connections that are older than that count from then on.',
  kernel: 'net/netfilter/xt_connbytes.c:connbytes_mt',
  needsConntrack: true,
  options: {
    connbytes: option(span, 'From so many, to so many; the end may be missing.', { invert: true, required: true }),
    'connbytes-mode': option(keyword('what is counted', MODES), 'What is counted.', { required: true }),
    'connbytes-dir': option(keyword('direction', DIRECTIONS), 'Which packets are counted.', { required: true }),
  },
  examples: [
    saved(
      '-m connbytes --connbytes 100:200 --connbytes-dir both --connbytes-mode bytes',
      '-m connbytes --connbytes 100:200 --connbytes-mode bytes --connbytes-dir both',
    ),
    saved(
      '-m connbytes ! --connbytes :100 --connbytes-mode avgpkt --connbytes-dir reply',
      '-m connbytes ! --connbytes 0:100 --connbytes-mode avgpkt --connbytes-dir reply',
    ),
    saved(
      '-m connbytes --connbytes 100: --connbytes-mode packets --connbytes-dir original',
      '-m connbytes --connbytes 100 --connbytes-mode packets --connbytes-dir original',
    ),
    fails('-m connbytes --connbytes 100:', 'required'),
    fails('-m connbytes --connbytes 100:50 --connbytes-dir both --connbytes-mode packets', 'backwards'),
    takes(
      '-m connbytes --connbytes 40:50 --connbytes-mode bytes --connbytes-dir both',
      'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S',
    ),
    leaves(
      '-m connbytes --connbytes 2 --connbytes-mode packets --connbytes-dir original',
      'in eth0 tcp 198.51.100.7:40000 > 10.0.0.2:22 S',
    ),
    fails('-m connbytes --connbytes 100 --connbytes-dir orig --connbytes-mode packets', 'none of'),
  ],
  prepare(_given, world) {
    world.countFlows();
    return undefined;
  },
  matches(_packet, given, world) {
    const counters = world.conntrack?.kind === 'tracked' ? world.conntrack.entry.counters : undefined;
    if (counters === undefined) return mismatch('', 'the packet has no conntrack entry that counts');
    const carried = sumOf(counters, given['connbytes-dir'].value);
    const mode = given['connbytes-mode'].value;
    const average = carried.packets === 0 ? 0 : Math.floor(carried.bytes / carried.packets);
    const amount = mode === 'avgpkt' ? average : carried[mode];
    return isWithin(BigInt(amount), given.connbytes) || mismatch('connbytes', `it is ${amount}`);
  },
  region: () => [{ conditions: [], exact: false }],
});

function sumOf({ original, reply }: FlowCounters, direction: 'original' | 'reply' | 'both'): Carried {
  if (direction === 'both') return { packets: original.packets + reply.packets, bytes: original.bytes + reply.bytes };
  return direction === 'original' ? original : reply;
}

/** `!` exchanges the ends; where both are equal nothing is negated. @see extensions/libxt_connbytes.c */
function isWithin(amount: bigint, { value, inverted }: Given<ByteSpan>): boolean {
  const [from, to] = [BigInt(value.from), BigInt(value.to)];
  return inverted && from !== to ? amount < from || amount > to : amount >= from && amount <= to;
}
