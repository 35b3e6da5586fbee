/**
 * Which real server gets a new connection: by a hash of its addresses, or by who had the address before.
 *
 * @kernel net/netfilter/ipvs/ip_vs_sh.c, ip_vs_dh.c, ip_vs_mh.c, ip_vs_lblc.c, ip_vs_lblcr.c
 * @deviates what lblc and lblcr remember of an address is not forgotten after a day
 */
import { type Address, addressValue } from '../net/address';
import { hsiphashOfWord } from '../net/hsiphash';
import { divisor, isAble, type Scheduler, weightedLeast } from './burden';
import type { RealServer } from './connection';
import type { SchedulerFlag } from './service';

/** The 32 bits of an address, or of an IPv6 address its four words folded into one. */
function foldedAddress(address: Address): number {
  const value = addressValue(address);
  const words = [0n, 32n, 64n, 96n].map((shift) => Number((value >> shift) & 0xffff_ffffn));
  return words.reduce((folded, word) => folded ^ word, 0) >>> 0;
}

const GOLDEN_RATIO = 0x61c88647;
const BUCKET_BITS = 8;
const BUCKETS = 1 << BUCKET_BITS;

/** @kernel include/linux/hash.h:hash_32 */
function hash32(value: number): number {
  return (Math.imul(value, GOLDEN_RATIO) >>> 0) >>> (32 - BUCKET_BITS);
}

/** Servers take their places one after another, each as often as its share says, until the table is full. */
function dealt(servers: readonly RealServer[], shareOf: (server: RealServer) => number): readonly RealServer[] {
  const round = servers.flatMap((server) => Array<RealServer>(Math.min(BUCKETS, shareOf(server))).fill(server));
  if (round.length === 0) return [];
  return Array.from({ length: BUCKETS }, (_, index) => round[index % round.length]).filter((one) => one !== undefined);
}

export const destinationHashing: Scheduler = (servers) => {
  const table = dealt(servers, () => 1);
  return ({ dst }) => able(table[hash32(foldedAddress(dst))]);
};

function able(server: RealServer | undefined): RealServer | undefined {
  return server !== undefined && isAble(server) ? server : undefined;
}

export const sourceHashing: Scheduler = (servers, flags) => {
  const table = dealt(servers, ({ destination }) => Math.max(1, destination.weight));
  return ({ client, clientPort }) => {
    const key = foldedAddress(client) + (flags.has('port') ? clientPort : 0);
    return pick(table, flags, (offset) => (offset + hash32(key)) % BUCKETS);
  };
};

/** @param hashOf the place of a table, given an offset */
function pick(
  table: readonly RealServer[],
  flags: ReadonlySet<SchedulerFlag>,
  hashOf: (offset: number) => number,
): RealServer | undefined {
  const first = hashOf(0);
  const wanted = able(table[first]);
  if (wanted !== undefined || !flags.has('fallback') || table.length === 0) return wanted;
  for (let offset = 0; offset < table.length; offset += 1) {
    const other = able(table[hashOf((offset + first) % table.length)]);
    if (other) return other;
  }
  return undefined;
}

/** CONFIG_IP_VS_MH_TAB_INDEX=12, the default: a prime, and the bits that weights may have. */
const MAGLEV_PLACES = 4093;
const MAGLEV_BITS = 6;
const MAGLEV_KEYS = { place: [2654435761n, 2654435761n], skip: [2654446892n, 2654446892n] } as const;

function maglevHash(value: number, key: readonly [bigint, bigint]): number {
  return hsiphashOfWord(value, key);
}

export const maglev: Scheduler = (servers, flags) => {
  const table = maglevTable(servers);
  return ({ client, clientPort }) => {
    const key = foldedAddress(client) + (flags.has('port') ? clientPort : 0);
    return pick(table, flags, (offset) => maglevHash(offset + key, MAGLEV_KEYS.place) % MAGLEV_PLACES);
  };
};

/** @kernel …/ip_vs_mh.c:ip_vs_mh_permutate, ip_vs_mh_populate */
function maglevTable(servers: readonly RealServer[]): readonly RealServer[] {
  const weights = servers.map(({ destination }) => destination.weight);
  const unit = divisor(weights);
  if (unit < 1) return [];
  const most = Math.floor(Math.max(...weights) / unit);
  const shift = Math.max(0, 32 - Math.clz32(most) - MAGLEV_BITS);
  const seats = servers.map((server) => {
    const { address, port, weight } = server.destination;
    const key = port + foldedAddress(address);
    return {
      server,
      place: maglevHash(key, MAGLEV_KEYS.place) % MAGLEV_PLACES,
      skip: (maglevHash(key, MAGLEV_KEYS.skip) % (MAGLEV_PLACES - 1)) + 1,
      turns: Math.floor(weight / unit) >> shift || Number(weight !== 0),
    };
  });
  const round = seats.flatMap((seat) => Array<(typeof seats)[number]>(seat.turns).fill(seat));
  const table = new Array<RealServer | undefined>(MAGLEV_PLACES).fill(undefined);
  for (let taken = 0; taken < MAGLEV_PLACES; taken += 1) {
    const seat = round[taken % round.length];
    if (seat === undefined) return [];
    while (table[seat.place] !== undefined) seat.place = (seat.place + seat.skip) % MAGLEV_PLACES;
    table[seat.place] = seat.server;
  }
  return table.filter((server) => server !== undefined);
}

/** There is one with less to do. @kernel …/ip_vs_lblc.c:is_overloaded */
function shouldYield({ activeConnections, destination }: RealServer, servers: readonly RealServer[]): boolean {
  if (activeConnections <= destination.weight) return false;
  return servers.some((other) => other.activeConnections * 2 < other.destination.weight);
}

export const localityBased: Scheduler = (servers) => {
  const lastServer = new Map<Address, RealServer>();
  return ({ dst }) => {
    const known = lastServer.get(dst);
    if (known && known.destination.weight > 0 && !shouldYield(known, servers)) return known;
    const chosen = weightedLeast(servers);
    if (chosen) lastServer.set(dst, chosen);
    return chosen;
  };
};

export const localityBasedWithSets: Scheduler = (servers) => {
  const sets = new Map<Address, readonly RealServer[]>();
  return ({ dst }) => {
    const known = sets.get(dst) ?? [];
    const least = weightedLeast(known);
    if (least && !shouldYield(least, servers)) return least;
    const chosen = weightedLeast(servers);
    if (chosen && !known.includes(chosen)) sets.set(dst, [chosen, ...known]);
    return chosen;
  };
};
