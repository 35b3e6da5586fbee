import { ADDRESS_BITS, type Family, maskAddress, prefixMask } from '../net/address';
import { isLaterFragment, type Packet } from '../net/packet';
import { hasPorts } from '../net/protocol';
import type { Given } from '../netfilter/ruleset';
import { defineMatch, fails, given as gives, type MatchAnswer, mismatch, option, same, saved, takes } from './define';
import { type Bucket, byteCredits, fillBucket, newBucket, pay, periodCredits } from './hashlimit-bucket';
import {
  type Burst,
  burst,
  burstFor,
  costToBytes,
  type HashRate,
  hashRate,
  MOST_PACKETS,
  SCALE,
} from './hashlimit-type';
import { jiffies, msToJiffies } from './jiffies';
import { rateText } from './rate-type';
import { flag, keywords, limitedName, uint32, unsigned } from './value-types';
import type { World } from './world';

const MODES = [
  { text: 'srcip', summary: 'one bucket for each source address' },
  { text: 'srcport', summary: 'one bucket for each source port' },
  { text: 'dstip', summary: 'one bucket for each destination address' },
  { text: 'dstport', summary: 'one bucket for each destination port' },
] as const;

type Mode = (typeof MODES)[number]['text'];

const DEFAULT_BURST = 5;
const DEFAULT_GC_MS = 1000;
/** How long an unused bucket stays, where a rate of bytes is given: without a burst, and with one. */
const BYTE_EXPIRE_SECONDS = 15;
const BYTE_BURST_EXPIRE_SECONDS = 60;

const prefix = unsigned('prefix length', 0, 128);

export const hashlimit = defineMatch({
  name: 'hashlimit',
  families: ['ipv4', 'ipv6'],
  summary: 'Takes packets at a rate, with a bucket of its own for each host, network or port.',
  details: [
    '`--hashlimit-upto` takes what is within the rate, `--hashlimit-above` what is beyond it. Rules with the same',
    '`--hashlimit-name` share their buckets, and then the settings of the first one count for all. Without',
    '`--hashlimit-mode` there is one bucket, as in `limit`. A bucket that nobody uses is forgotten after a while, and',
    'starts full again.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_hashlimit.c:hashlimit_mt_common',
  oneOf: [['hashlimit-upto', 'hashlimit-above']],
  options: {
    'hashlimit-upto': option(hashRate, 'The rate is not exceeded.', { invert: true, aliases: ['hashlimit'] }),
    'hashlimit-above': option(hashRate, 'The rate is exceeded.', { invert: true }),
    'hashlimit-burst': option(burst, 'How many packets may come at once (5 by default), or how many bytes.'),
    'hashlimit-mode': option(keywords('list of what tells buckets apart', MODES), 'What tells buckets apart.'),
    'hashlimit-name': option(
      limitedName('name', 255),
      'Name of the table of buckets, a file in /proc/net/ipt_hashlimit.',
      {
        required: true,
      },
    ),
    'hashlimit-htable-size': option(uint32, 'Size of the hash table.'),
    'hashlimit-htable-max': option(uint32, 'Most buckets there may be; beyond that packets are dropped.'),
    'hashlimit-htable-gcinterval': option(uint32, 'Milliseconds between two searches for unused buckets.'),
    'hashlimit-htable-expire': option(uint32, 'Milliseconds after which an unused bucket is forgotten.'),
    'hashlimit-srcmask': option(prefix, 'Look at so many bits of the source address.'),
    'hashlimit-dstmask': option(prefix, 'Look at so many bits of the destination address.'),
    'hashlimit-rate-match': option(flag, 'Compare the rate of the last interval, instead of using up credit.'),
    'hashlimit-rate-interval': option(uint32, 'Seconds of that interval; 1 by default.'),
  },
  examples: [
    fails('-m hashlimit --hashlimit-upto 1/sec --hashlimit-name a/b', 'cannot make a file'),
    fails('-m hashlimit --hashlimit-upto 1/sec --hashlimit-name ..', 'cannot make a file'),
    saved(
      '-m hashlimit --hashlimit 1/hour --hashlimit-name a',
      '-m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 5 --hashlimit-name a',
    ),
    saved(
      '-m hashlimit ! --hashlimit-upto 1/hour --hashlimit-name b',
      '-m hashlimit --hashlimit-above 1/hour --hashlimit-burst 5 --hashlimit-name b',
    ),
    saved(
      '-m hashlimit --hashlimit-name c --hashlimit-upto 10/sec --hashlimit-mode dstport,srcip --hashlimit-srcmask 24',
      '-m hashlimit --hashlimit-upto 10/sec --hashlimit-burst 5 --hashlimit-mode srcip,dstport --hashlimit-name c ' +
        '--hashlimit-srcmask 24',
    ),
    saved(
      '-m hashlimit --hashlimit-upto 120/min --hashlimit-name d',
      '-m hashlimit --hashlimit-upto 2/sec --hashlimit-burst 5 --hashlimit-name d --hashlimit-htable-expire 60000',
    ),
    same('-m hashlimit --hashlimit-above 1mb/s --hashlimit-burst 2mb --hashlimit-mode srcip --hashlimit-name e'),
    saved(
      '-m hashlimit --hashlimit-upto 100b/s --hashlimit-burst 300b --hashlimit-name f',
      '-m hashlimit --hashlimit-upto 96b/s --hashlimit-burst 384b --hashlimit-name f',
    ),
    same(
      '-m hashlimit --hashlimit-upto 5/sec --hashlimit-burst 5 --hashlimit-name g ' +
        '--hashlimit-rate-match --hashlimit-rate-interval 4',
    ),
    fails('-m hashlimit --hashlimit-upto 5/sec', 'required'),
    fails('-m hashlimit --hashlimit-name h', 'one of'),
    fails('-m hashlimit --hashlimit-upto 5/sec --hashlimit-above 3/sec --hashlimit-name i', 'excludes'),
    fails('-m hashlimit --hashlimit-upto 2000000/sec --hashlimit-name j', 'too fast'),
    fails('-m hashlimit --hashlimit-upto 1/day --hashlimit-name k', 'too large'),
    fails('-m hashlimit --hashlimit-upto 5/sec --hashlimit-burst 1000001 --hashlimit-name l', 'at most'),
    fails('-m hashlimit --hashlimit-upto 100b/s --hashlimit-burst 50b --hashlimit-name m', 'at least'),
    fails('-m hashlimit --hashlimit-upto 5/sec --hashlimit-srcmask 33 --hashlimit-name n', 'longer'),
    takes(
      '-m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 1 --hashlimit-name o --hashlimit-mode srcip',
      'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53',
    ),
  ],
  refuses(given, { family }) {
    const length = Math.max(given['hashlimit-srcmask']?.value ?? 0, given['hashlimit-dstmask']?.value ?? 0);
    if (length > ADDRESS_BITS[family]) return `a prefix is not longer than ${ADDRESS_BITS[family]} bits`;
    if (!isFileName(given['hashlimit-name'].value)) return 'the kernel cannot make a file of that name';
    return refuseRate(
      rateOf(given),
      given['hashlimit-burst']?.value.amount,
      given['hashlimit-rate-match'] !== undefined,
    );
  },
  canonical(given, family) {
    const rate = rateOf(given);
    const { 'hashlimit-upto': _upto, 'hashlimit-above': _above, ...rest } = given;
    return {
      ...rest,
      [isAbove(given) ? 'hashlimit-above' : 'hashlimit-upto']: gives(rate),
      ...savedBurst(rate, given['hashlimit-burst']),
      ...savedTable(given, family),
    };
  },
  prepare(given, world) {
    tableOf(given, world);
  },
  matches(packet, given, world): MatchAnswer {
    const table = tableOf(given, world);
    const key = bucketKey(table, packet);
    if (key === undefined) return { kind: 'hotdrop', reason: 'the packet is too short for ports' };
    const bucket = bucketAt(table, key, world);
    if (bucket === undefined) return { kind: 'hotdrop', reason: 'there are too many buckets' };
    const within = pay(bucket, packet.length);
    const above = isAbove(given);
    if (within !== above) return true;
    return mismatch(
      above ? 'hashlimit-above' : 'hashlimit-upto',
      within ? 'the rate is not exceeded' : 'the rate is exceeded',
    );
  },
  region: () => [{ conditions: [], exact: false }],
});

interface RateOptions {
  readonly 'hashlimit-upto'?: Given<HashRate>;
  readonly 'hashlimit-above'?: Given<HashRate>;
}

const NO_RATE: HashRate = { kind: 'packets', period: SCALE, unitSeconds: 1 };

function rateOf(given: RateOptions): HashRate {
  return given['hashlimit-upto']?.value ?? given['hashlimit-above']?.value ?? NO_RATE;
}

/** "Not up to" is "above". */
function isAbove(given: RateOptions): boolean {
  const { 'hashlimit-upto': upto, 'hashlimit-above': above } = given;
  return upto ? upto.inverted : above?.inverted === false;
}

/** @kernel xt_hashlimit.c:hashlimit_mt_check_common */
function refuseRate(rate: HashRate, given: number | undefined, rateMatch: boolean): string | undefined {
  if (rate.kind === 'bytes') {
    const least = costToBytes(rate.cost);
    if (given !== undefined && given < least) return `the burst is at least ${least} bytes`;
    return byteCredits(rate.cost) === 0n ? 'the rate is too high for the kernel' : undefined;
  }
  if (given !== undefined && given > MOST_PACKETS) return `the burst is at most ${MOST_PACKETS} packets`;
  const period = BigInt(rate.period);
  const overflows = periodCredits(period * BigInt(given ?? DEFAULT_BURST)) < periodCredits(period);
  return overflows && !rateMatch ? 'the rate and burst are too large for the kernel' : undefined;
}

function savedBurst(rate: HashRate, given: Given<Burst> | undefined): object {
  if (given === undefined)
    return rate.kind === 'packets'
      ? { 'hashlimit-burst': gives(burstFor(rate, { amount: DEFAULT_BURST, unit: 'packets' })) }
      : {};
  return { 'hashlimit-burst': gives(burstFor(rate, given.value)) };
}

interface TableOptions extends RateOptions {
  readonly 'hashlimit-burst'?: Given<Burst>;
  readonly 'hashlimit-mode'?: Given<readonly Mode[]>;
  readonly 'hashlimit-name': Given<string>;
  readonly 'hashlimit-htable-max'?: Given<number>;
  readonly 'hashlimit-htable-expire'?: Given<number>;
  readonly 'hashlimit-htable-gcinterval'?: Given<number>;
  readonly 'hashlimit-srcmask'?: Given<number>;
  readonly 'hashlimit-dstmask'?: Given<number>;
  readonly 'hashlimit-rate-match'?: Given<true>;
  readonly 'hashlimit-rate-interval'?: Given<number>;
}

/** What is as it would be anyway is not printed. */
function savedTable(given: TableOptions, family: Family): object {
  const expire = expireMs(given);
  const { 'hashlimit-htable-gcinterval': gc, 'hashlimit-srcmask': source, 'hashlimit-dstmask': destination } = given;
  const { 'hashlimit-rate-interval': interval } = given;
  return {
    'hashlimit-htable-expire': expire === usualExpireMs(given) ? undefined : gives(expire),
    'hashlimit-htable-gcinterval': gc?.value === DEFAULT_GC_MS ? undefined : gc,
    'hashlimit-srcmask': source?.value === ADDRESS_BITS[family] ? undefined : source,
    'hashlimit-dstmask': destination?.value === ADDRESS_BITS[family] ? undefined : destination,
    'hashlimit-rate-interval': interval?.value === 1 ? undefined : interval,
  };
}

/** What the kernel is told: by default the unit in which the rate was given. @see extensions/libxt_hashlimit.c */
function expireMs(given: TableOptions): number {
  const rate = rateOf(given);
  const bySetting = given['hashlimit-htable-expire']?.value;
  return bySetting ?? 1000 * (rate.kind === 'packets' ? rate.unitSeconds : byteExpireSeconds(given));
}

/** What iptables-save takes for the default: the unit in which it prints the rate. */
function usualExpireMs(given: TableOptions): number {
  const rate = rateOf(given);
  return 1000 * (rate.kind === 'packets' ? rateText(rate.period, SCALE).unitSeconds : byteExpireSeconds(given));
}

function byteExpireSeconds(given: TableOptions): number {
  return given['hashlimit-burst'] ? BYTE_BURST_EXPIRE_SECONDS : BYTE_EXPIRE_SECONDS;
}

/** The settings of the first rule that names the table count for all. */
interface HashTable {
  readonly given: TableOptions;
  readonly buckets: Map<string, { readonly bucket: Bucket; usedUntil: number }>;
  /** When unused buckets were last searched for, in jiffies. */
  searched: number;
}

function tableOf(given: TableOptions, world: Pick<World, 'sharedState'>): HashTable {
  return world.sharedState('hashlimit', given['hashlimit-name'].value, () => ({
    given,
    buckets: new Map(),
    searched: 0,
  }));
}

/** Undefined where ports are asked for and the packet has none. @kernel xt_hashlimit.c:hashlimit_init_dst */
function bucketKey({ given }: HashTable, packet: Packet): string | undefined {
  const modes = given['hashlimit-mode']?.value ?? [];
  const masked = (address: string, length: number | undefined) =>
    maskAddress(address, prefixMask(Math.min(length ?? 128, ADDRESS_BITS[packet.family]), packet.family));
  const ports = portsOf(packet);
  if (ports === undefined && (modes.includes('srcport') || modes.includes('dstport'))) return undefined;
  const [source = 0, destination = 0] = ports ?? [];
  const parts: Readonly<Record<Mode, string | number>> = {
    srcip: masked(packet.src, given['hashlimit-srcmask']?.value),
    srcport: source,
    dstip: masked(packet.dst, given['hashlimit-dstmask']?.value),
    dstport: destination,
  };
  return modes.map((mode) => parts[mode]).join(' ');
}

/** A protocol without ports has two zeros. */
function portsOf(packet: Packet): readonly [number, number] | undefined {
  const { protocol, transport } = packet;
  if (!hasPorts(protocol)) return [0, 0];
  if (isLaterFragment(packet) || !('sport' in transport)) return undefined;
  return transport.sport === undefined || transport.dport === undefined
    ? undefined
    : [transport.sport, transport.dport];
}

function bucketAt(table: HashTable, key: string, world: World): Bucket | undefined {
  const now = jiffies(world.now);
  const usedUntil = now + msToJiffies(expireMs(table.given));
  forgetUnused(table, now);
  const known = table.buckets.get(key);
  if (known) {
    known.usedUntil = usedUntil;
    fillBucket(known.bucket, now);
    return known.bucket;
  }
  const most = table.given['hashlimit-htable-max']?.value ?? 0;
  if (most > 0 && table.buckets.size >= most) return undefined;
  const bucket = newBucket(settingsOf(table.given), now);
  table.buckets.set(key, { bucket, usedUntil });
  return bucket;
}

/**
 * What the kernel forgets at its searches, made up for when the table is used next.
 *
 * @kernel net/netfilter/xt_hashlimit.c:htable_gc
 * @deviates the searches count from the beginning of the scenario, not from the loading of the rules
 */
function forgetUnused(table: HashTable, now: number): void {
  const every = msToJiffies(table.given['hashlimit-htable-gcinterval']?.value ?? DEFAULT_GC_MS);
  const search = now - (now % Math.max(1, every));
  if (search === table.searched) return;
  table.searched = search;
  for (const [key, { usedUntil }] of table.buckets) if (usedUntil <= search) table.buckets.delete(key);
}

/** @kernel fs/proc/generic.c:__proc_create */
function isFileName(name: string): boolean {
  return name !== '' && !name.includes('/') && name !== '.' && name !== '..';
}

function settingsOf(given: TableOptions) {
  const rate = rateOf(given);
  const interval = given['hashlimit-rate-match'] ? (given['hashlimit-rate-interval']?.value ?? 1) : undefined;
  const allowed = given['hashlimit-burst']?.value.amount;
  return { rate, burst: allowed ?? (rate.kind === 'packets' ? DEFAULT_BURST : undefined), interval };
}
