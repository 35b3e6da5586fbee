import { ADDRESS_BITS, type Address, maskAddress, prefixMask } from '../net/address';
import type { Packet } from '../net/packet';
import { hostAddress } from './address-types';
import {
  defineMatch,
  fails,
  given as gives,
  leaves,
  type MatchAnswer,
  mismatch,
  option,
  same,
  saved,
  takes,
} from './define';
import { HZ, jiffies } from './jiffies';
import { bad, flag, ok, uint32, unsigned, utf8Length, word } from './value-types';
import type { World } from './world';

const DEFAULT_NAME = 'DEFAULT';
/** @kernel include/uapi/linux/netfilter/xt_recent.h:XT_RECENT_NAME_LEN */
const NAME_LIMIT = 199;
/** How many addresses a list remembers; the one seen longest ago makes room. @kernel xt_recent.c:ip_list_tot */
const LIST_LIMIT = 100;
/** How many times of an address are remembered, unless a rule asks for more. @kernel xt_recent.c:recent_mt_check */
const DEFAULT_STAMPS = 32;
const MOST_HITS = 65_535;

/** The list is a file in /proc/net/xt_recent. */
const listName = word<string>('name of a list', (text) => {
  if (text === '' || text.includes('/') || text === '.' || text === '..')
    return bad(`"${text}" cannot be the name of a file`);
  return utf8Length(text) > NAME_LIMIT ? bad(`the name of a list has at most ${NAME_LIMIT} bytes`) : ok(text);
});

/** A mask as an address. */
const mask = { ...hostAddress, name: 'mask as an address' };

export const recent = defineMatch({
  name: 'recent',
  families: ['ipv4', 'ipv6'],
  summary: 'Remembers addresses and when they were seen, in a list that rules share by name.',
  details: [
    'A list holds 100 addresses; the one seen longest ago makes room for a new one, so a flood of forged senders',
    'pushes the real ones out. `--set` always matches; `--update` notes the time only where it matches. It looks',
    'at an address only after everything before it in the rule has matched. The list belongs to the first rule',
    'that names it: the mask of that one counts.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_recent.c:recent_mt',
  oneOf: [['set', 'rcheck', 'update', 'remove']],
  options: {
    set: option(flag, 'Note the address and the time. It always matches.', { invert: true }),
    rcheck: option(flag, 'The address is in the list.', { invert: true }),
    update: option(flag, 'The address is in the list; note the time where that matches.', { invert: true }),
    remove: option(flag, 'The address was in the list, and is taken out of it.', { invert: true }),
    seconds: option(unsigned('seconds', 1, 0xffff_ffff), 'It was seen within so many seconds.', {
      excludes: ['set', 'remove'],
    }),
    reap: option(flag, 'Forget the oldest address of the list, where it is older than `--seconds`.', {
      requires: ['seconds'],
    }),
    hitcount: option(uint32, 'It was seen so many times (within `--seconds`, where given).', {}),
    rttl: option(flag, 'With the same TTL as when it was noted.', { excludes: ['set', 'remove'] }),
    name: option(listName, 'Name of the list; `DEFAULT` by default.'),
    mask: option(mask, 'Look at these bits of the address only.'),
    rsource: option(flag, 'Look at the source address: the default.'),
    rdest: option(flag, 'Look at the destination address.'),
  },
  examples: [
    saved('-m recent --set', '-m recent --set --name DEFAULT --mask 255.255.255.255 --rsource'),
    saved(
      '-m recent --name foo --update --hitcount 3 --seconds 60',
      '-m recent --update --seconds 60 --hitcount 3 --name foo --mask 255.255.255.255 --rsource',
    ),
    same('-m recent ! --rcheck --seconds 60 --reap --rttl --name a --mask 255.255.255.0 --rdest'),
    saved('-m recent --rcheck --hitcount 0 --name a', '-m recent --rcheck --name a --mask 255.255.255.255 --rsource'),
    saved('-m recent --set --rsource --rdest', '-m recent --set --name DEFAULT --mask 255.255.255.255 --rdest'),
    saved('-m recent --set --mask 24', '-m recent --set --name DEFAULT --mask 0.0.0.24 --rsource'),
    fails('-m recent', 'one of'),
    fails('-m recent --set --rcheck', 'excludes'),
    fails('-m recent --set --seconds 5', 'excludes'),
    fails('-m recent --remove --hitcount 3', 'hitcount'),
    fails('-m recent --set --rttl', 'excludes'),
    fails('-m recent --rcheck --reap', 'needs'),
    fails('-m recent --rcheck --seconds 0', 'out of range'),
    fails('-m recent --set --name ""', 'name of a file'),
    fails('-m recent --set --name a/b', 'name of a file'),
    takes('-m recent --set', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    leaves('-m recent --rcheck', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    takes('-m recent ! --rcheck --name other', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
  ],
  refuses({ set, remove, hitcount }) {
    if (hitcount === undefined || hitcount.value === 0) return undefined;
    if (set || remove) return '--hitcount goes with --rcheck and --update only';
    return hitcount.value > MOST_HITS ? `--hitcount is at most ${MOST_HITS}` : undefined;
  },
  canonical(given, family) {
    const { name, mask: bits, rsource: _source, rdest, hitcount, ...rest } = given;
    return {
      ...rest,
      ...(hitcount && hitcount.value > 0 && { hitcount }),
      name: name ?? gives(DEFAULT_NAME),
      mask: bits ?? gives(prefixMask(ADDRESS_BITS[family], family)),
      ...(rdest ? { rdest } : { rsource: gives<true>(true) }),
    };
  },
  prepare(given, world) {
    const list = listOf(given, world);
    list.mask ??= given.mask?.value ?? 'whole';
    const stamps = given.hitcount?.value ? roundUpToPowerOfTwo(given.hitcount.value) : DEFAULT_STAMPS;
    list.stamps = Math.max(list.stamps, stamps);
  },
  matches(packet, given, world) {
    const list = listOf(given, world);
    const seen = maskedAddress(given.rdest ? packet.dst : packet.src, list);
    const ttl = ttlBeforeForwarding(packet, world);
    const found = lookUp(list, seen, given.rttl ? ttl : 0);
    const now = jiffies(world.now);
    if (given.set) {
      note(list, found ?? { address: seen, ttl, stamps: [], index: 0 }, ttl, now);
      return given.set.inverted ? mismatch('set', 'the address is noted now') : true;
    }
    const mode = given.rcheck ? 'rcheck' : given.update ? 'update' : 'remove';
    const { inverted } = given[mode] ?? { inverted: false };
    if (found === undefined) return inverted ? true : mismatch(mode, `${seen} is not in the list`);
    if (mode === 'remove') {
      list.entries.splice(list.entries.indexOf(found), 1);
      return inverted ? mismatch(mode, `${seen} was in the list`) : true;
    }
    return check(list, found, given, { mode, inverted, ttl, now });
  },
  region: () => [{ conditions: [], exact: false }],
});

interface Seen {
  readonly address: Address;
  ttl: number;
  /** When it was seen, in jiffies: a ring. */
  readonly stamps: number[];
  /** Where the ring goes on. */
  index: number;
}

interface RecentList {
  /** That of the first rule which names the list. */
  mask: Address | 'whole' | undefined;
  /** Size of each ring: a power of two. */
  stamps: number;
  /** The one seen longest ago first. */
  readonly entries: Seen[];
}

interface RecentOptions {
  readonly name?: { readonly value: string };
  readonly seconds?: { readonly value: number };
  readonly hitcount?: { readonly value: number };
  readonly reap?: object;
}

function listOf({ name }: RecentOptions, world: Pick<World, 'sharedState'>): RecentList {
  return world.sharedState('recent', name?.value ?? DEFAULT_NAME, () => ({ mask: undefined, stamps: 1, entries: [] }));
}

function maskedAddress(seen: Address, { mask: bits }: RecentList): Address {
  return bits === undefined || bits === 'whole' ? seen : maskAddress(seen, bits);
}

/** Forwarding has taken one already where the packet is on its way out. */
function ttlBeforeForwarding({ ttl }: Packet, { inDevice, outDevice }: World): number {
  return outDevice !== undefined && inDevice !== undefined ? ttl + 1 : ttl;
}

function lookUp({ entries }: RecentList, seen: Address, ttl: number): Seen | undefined {
  return entries.find((entry) => entry.address === seen && (ttl === 0 || entry.ttl === 0 || entry.ttl === ttl));
}

/** @kernel xt_recent.c:recent_entry_init, recent_entry_update */
function note(list: RecentList, entry: Seen, ttl: number, now: number): void {
  const at = list.entries.indexOf(entry);
  if (at !== -1) list.entries.splice(at, 1);
  else if (list.entries.length >= LIST_LIMIT) list.entries.shift();
  list.entries.push(entry);
  entry.stamps[entry.index % list.stamps] = now;
  entry.index = (entry.index % list.stamps) + 1;
  entry.ttl = ttl;
}

interface Check {
  readonly mode: 'rcheck' | 'update';
  readonly inverted: boolean;
  readonly ttl: number;
  readonly now: number;
}

function check(list: RecentList, entry: Seen, given: RecentOptions, { mode, inverted, ttl, now }: Check): MatchAnswer {
  const since = given.seconds ? now - given.seconds.value * HZ : Number.NEGATIVE_INFINITY;
  const hits = entry.stamps.filter((stamp) => stamp >= since).length;
  const held = hits >= Math.max(1, given.hitcount?.value ?? 0);
  const matched = held !== inverted;
  if (given.reap) forgetOldest(list, since, mode === 'update' && matched ? entry : undefined);
  // The kernel notes the time where the whole condition holds, `!` included.
  if (mode === 'update' && matched) note(list, entry, ttl, now);
  const within = given.seconds ? ` within ${given.seconds.value} seconds` : '';
  return matched ? true : mismatch(mode, `${entry.address} was seen ${hits} times${within}`);
}

/** One a packet at most. @kernel xt_recent.c:recent_entry_reap */
function forgetOldest(list: RecentList, since: number, keep: Seen | undefined): void {
  const [oldest] = list.entries;
  if (oldest === undefined || oldest === keep) return;
  const last = oldest.stamps[oldest.index - 1] ?? 0;
  if (last < since) list.entries.shift();
}

function roundUpToPowerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(value));
}
