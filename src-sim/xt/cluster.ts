import type { Entry } from '../conntrack/entry';
import { isMulticast } from '../host/routing';
import { hashedWords, jhash, reciprocalScale } from '../net/jhash';
import type { Given } from '../netfilter/ruleset';
import { compare, defineMatch, fails, given as gives, mismatch, option, saved } from './define';
import { unsigned } from './value-types';

const wideHex = (value: number) => `0x${value.toString(16).padStart(8, '0')}`;

const mask = unsigned('bits, one for each node', 0, 0xffff_ffff, wideHex);
const seed = unsigned('number', 0, 0xffff_ffff, wideHex);

/** @kernel include/uapi/linux/netfilter/xt_cluster.h:XT_CLUSTER_NODES_MAX */
const MOST_NODES = 32;

export const cluster = defineMatch({
  name: 'cluster',
  families: ['ipv4', 'ipv6'],
  summary: 'The flows that are this node’s in a cluster without a load balancer, by a hash of their source.',
  details: 'In IPv6 only the first 32 bits of the source count, so a whole site belongs to one node.',
  kernel: 'net/netfilter/xt_cluster.c:xt_cluster_mt',
  oneOf: [['cluster-local-node', 'cluster-local-nodemask']],
  options: {
    'cluster-local-nodemask': option(mask, 'Which nodes this one stands for, as bits.', { invert: true }),
    'cluster-local-node': option(unsigned('number from 1 to 32', 1, MOST_NODES), 'Number of this node, from 1.', {
      invert: true,
    }),
    'cluster-total-nodes': option(unsigned('number from 1 to 32', 1, MOST_NODES), 'How many nodes there are.', {
      required: true,
    }),
    'cluster-hash-seed': option(seed, 'Seed of the hash; the same on every node.', { required: true }),
  },
  needsConntrack: true,
  examples: [
    saved(
      '-m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 0xdeadbeef',
      '-m cluster --cluster-local-nodemask 0x00000001 --cluster-total-nodes 2 --cluster-hash-seed 0xdeadbeef',
    ),
    saved(
      '-m cluster --cluster-total-nodes 3 ! --cluster-local-nodemask 5 --cluster-hash-seed 7',
      '-m cluster ! --cluster-local-nodemask 0x00000005 --cluster-total-nodes 3 --cluster-hash-seed 0x00000007',
    ),
    fails('-m cluster --cluster-total-nodes 2 --cluster-hash-seed 1', 'one of'),
    fails('-m cluster --cluster-total-nodes 2 --cluster-local-node 3 --cluster-hash-seed 1', 'no such node'),
  ],
  refuses(given) {
    const total = given['cluster-total-nodes'].value;
    const node = given['cluster-local-node']?.value ?? 0;
    const bits = given['cluster-local-nodemask']?.value ?? 0;
    return node > total || bits >= 2 ** total ? `there is no such node among ${total}` : undefined;
  },
  canonical({ 'cluster-local-node': node, ...rest }) {
    return node ? { ...rest, 'cluster-local-nodemask': gives(2 ** (node.value - 1), node.inverted) } : rest;
  },
  matches(packet, given, world) {
    if (!isMulticast(packet.dst)) world.takeAsUnicast();
    const { conntrack } = world;
    if (conntrack === undefined || conntrack.kind === 'untracked') return mismatch('', 'the packet has no entry');
    const node = conntrack.kind === 'tracked' ? nodeOf(conntrack.entry, given) : 0;
    const bits = given['cluster-local-nodemask'] ?? bitOf(given['cluster-local-node']);
    if (bits === undefined) return true;
    return compare('cluster-local-nodemask', bits, ((bits.value >>> node) & 1) === 1, () => `it is node ${node + 1}'s`);
  },
});

interface Hashing {
  readonly 'cluster-total-nodes': Given<number>;
  readonly 'cluster-hash-seed': Given<number>;
}

/**
 * From 0. Of an IPv6 address the kernel hashes the first 32 bits only: it divides a number of words by their size.
 *
 * @kernel net/netfilter/xt_cluster.c:xt_cluster_hash_ipv6, NF_CT_TUPLE_L3SIZE
 */
function nodeOf({ master, original }: Entry, given: Hashing): number {
  const words = hashedWords(master?.original.src ?? original.src).slice(0, 1);
  const hash = jhash(words, given['cluster-hash-seed'].value);
  return reciprocalScale(hash, given['cluster-total-nodes'].value);
}

function bitOf(node: Given<number> | undefined): Given<number> | undefined {
  return node && gives(2 ** (node.value - 1), node.inverted);
}
