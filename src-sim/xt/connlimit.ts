import type { Attachment, Entry } from '../conntrack/entry';
import { sameTuple, type Tuple, tupleOf } from '../conntrack/tuple';
import { DEFAULT_ZONE, type Zone } from '../conntrack/zone';
import { ADDRESS_BITS, familyOf, maskAddress, parseAddress, prefixLength, prefixMask } from '../net/address';
import type { Packet } from '../net/packet';
import { defineMatch, fails, given as gives, leaves, mismatch, option, same, saved, takes } from './define';
import { flag, odd, ok, parseNumberIn, uint32, word } from './value-types';
import type { World } from './world';

/** A length that no address has means the whole address; a mask is taken too. @see libxtables/xtoptions.c: xtopt_parse_plenmask */
const hostBits = word<number>('prefix length', (text, family) => {
  const most = ADDRESS_BITS[family];
  const mask = parseAddress(text);
  const ofMask = mask !== undefined && familyOf(mask) === family ? prefixLength(mask) : undefined;
  if (ofMask !== undefined) return ok(ofMask);
  const number = parseNumberIn(text, 0, 0xffff_ffff);
  if (!number.ok || number.value <= most) return number;
  return odd(most, `iptables takes ${text} for ${most}: an address has no more bits`);
});

export const connlimit = defineMatch({
  name: 'connlimit',
  families: ['ipv4', 'ipv6'],
  summary: 'How many connections a host, or a block of hosts, has.',
  details: [
    'Connections are those of the conntrack table, whichever way they go; a TCP connection that has been closed',
    'does not count. The packet at hand counts as well. A rule counts the flows of the packets that it has seen',
    'only, so let it see the first packets: `-p tcp --syn -m connlimit …`.',
  ].join('\n'),
  kernel: 'net/netfilter/xt_connlimit.c:connlimit_mt',
  needsConntrack: true,
  oneOf: [['connlimit-upto', 'connlimit-above']],
  options: {
    'connlimit-upto': option(uint32, 'At most so many.', { invert: true }),
    'connlimit-above': option(uint32, 'More than so many.', { invert: true }),
    'connlimit-mask': option(
      hostBits,
      'Count together the hosts whose addresses begin with so many equal bits; by default each host alone.',
    ),
    'connlimit-saddr': option(flag, 'Count by source address: the default.', { excludes: ['connlimit-daddr'] }),
    'connlimit-daddr': option(flag, 'Count by destination address.', { excludes: ['connlimit-saddr'] }),
  },
  examples: [
    saved('-m connlimit --connlimit-above 2', '-m connlimit --connlimit-above 2 --connlimit-mask 32 --connlimit-saddr'),
    saved(
      '-m connlimit ! --connlimit-upto 2',
      '-m connlimit --connlimit-above 2 --connlimit-mask 32 --connlimit-saddr',
    ),
    same('-m connlimit --connlimit-upto 2 --connlimit-mask 24 --connlimit-daddr'),
    saved(
      '-m connlimit --connlimit-above 2 --connlimit-mask 255.255.0.0',
      '-m connlimit --connlimit-above 2 --connlimit-mask 16 --connlimit-saddr',
    ),
    saved(
      '-m connlimit --connlimit-above 2 --connlimit-mask 33',
      '-m connlimit --connlimit-above 2 --connlimit-mask 32 --connlimit-saddr',
    ),
    fails('-m connlimit', 'one of'),
    fails('-m connlimit --connlimit-above 2 --connlimit-upto 3', 'excludes'),
    fails('-m connlimit --connlimit-above 2 --connlimit-saddr --connlimit-daddr', 'excludes'),
    takes('-m connlimit --connlimit-upto 1', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
    leaves('-m connlimit --connlimit-above 1', 'in eth0 udp 198.51.100.7:40000 > 10.0.0.2:53'),
  ],
  canonical(given, family) {
    const { upto, limit } = limitOf(given);
    const length = Math.min(given['connlimit-mask']?.value ?? 128, ADDRESS_BITS[family]);
    return {
      [upto ? 'connlimit-upto' : 'connlimit-above']: gives(limit),
      'connlimit-mask': gives(length),
      [given['connlimit-daddr'] ? 'connlimit-daddr' : 'connlimit-saddr']: gives<true>(true),
    };
  },
  matches(packet, given, world) {
    const flow = flowOf(packet, world.conntrack);
    if (flow === undefined) return { kind: 'hotdrop', reason: 'the packet belongs to no flow that could be counted' };
    const address = given['connlimit-daddr'] ? packet.dst : packet.src;
    const length = Math.min(given['connlimit-mask']?.value ?? 128, ADDRESS_BITS[packet.family]);
    const key = `${maskAddress(address, prefixMask(length, packet.family))} ${flow.zone.id}`;
    const groups = world.matchState(given, () => new Map<string, Flow[]>());
    const count = countFlow(groups, key, flow, world);
    if (count === 0) return { kind: 'hotdrop', reason: "the packet's own connection is closed, and no other counts" };
    const { upto, limit } = limitOf(given);
    const held = upto ? count <= limit : count > limit;
    return held ? true : mismatch(upto ? 'connlimit-upto' : 'connlimit-above', `${count} connections are counted`);
  },
  region: () => [{ conditions: [], exact: false }],
});

interface LimitOptions {
  readonly 'connlimit-upto'?: { readonly value: number; readonly inverted: boolean };
  readonly 'connlimit-above'?: { readonly value: number; readonly inverted: boolean };
}

/** "Not above" is "up to". */
function limitOf(given: LimitOptions): { readonly upto: boolean; readonly limit: number } {
  const { 'connlimit-upto': upto, 'connlimit-above': above } = given;
  return { upto: upto ? !upto.inverted : (above?.inverted ?? false), limit: upto?.value ?? above?.value ?? 0 };
}

interface Flow {
  readonly tuple: Tuple;
  readonly zone: Zone;
}

/** Without an entry on the packet it is the packet's own tuple that counts. @kernel net/netfilter/nf_conncount.c:get_ct_or_tuple_from_skb */
function flowOf(packet: Packet, attachment: Attachment | undefined): Flow | undefined {
  if (attachment?.kind === 'tracked') return { tuple: attachment.entry.original, zone: attachment.entry.zone };
  const tuple = tupleOf(packet);
  const zone = attachment?.kind === 'template' ? attachment.template.zone : DEFAULT_ZONE;
  return tuple && { tuple, zone };
}

/**
 * Adds the flow to its group and counts it.
 *
 * @kernel net/netfilter/nf_conncount.c:count_tree
 * @deviates the kernel does not tidy twice in one jiffy, nor more than a few flows at once
 */
function countFlow(groups: Map<string, Flow[]>, key: string, flow: Flow, world: World): number {
  const group = groups.get(key);
  const counted = group === undefined ? [flow] : recount(group, flow, world);
  groups.set(key, counted);
  return counted.length;
}

/**
 * A packet of a flow that is ASSURED adds nothing, but the group is tidied: the last packet of a connection may find
 * nothing at all. Others are looked for in the group, which is tidied up to where they are found.
 *
 * @kernel net/netfilter/nf_conncount.c:__nf_conncount_add, nf_conncount_gc_list
 */
function recount(group: readonly Flow[], flow: Flow, world: World): Flow[] {
  const isOpen = (other: Flow) => {
    const entry = world.findConntrack(other.tuple, other.zone);
    return entry !== undefined && !isClosed(entry);
  };
  const entry = world.findConntrack(flow.tuple, flow.zone);
  if (entry?.status.assured) return group.filter(isOpen);
  const own = entry === undefined ? -1 : group.findIndex((other) => sameFlow(other, flow));
  return own === -1 ? [...group.filter(isOpen), flow] : [...group.slice(0, own).filter(isOpen), ...group.slice(own)];
}

function sameFlow(a: Flow, b: Flow): boolean {
  return a.zone.id === b.zone.id && sameTuple(a.tuple, b.tuple);
}

function isClosed({ tcp }: Entry): boolean {
  return tcp?.state === 'TIME_WAIT' || tcp?.state === 'CLOSE';
}
