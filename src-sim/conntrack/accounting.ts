/**
 * What a flow has carried, where it is counted: with net.netfilter.nf_conntrack_acct, or a rule that asks.
 *
 * @kernel net/netfilter/nf_conntrack_core.c:nf_ct_acct_add, include/net/netfilter/nf_conntrack_acct.h
 */
import type { Direction } from './tuple';

export interface Carried {
  packets: number;
  bytes: number;
}

export type FlowCounters = Readonly<Record<Direction, Carried>>;

export function freshCounters(): FlowCounters {
  return { original: { packets: 0, bytes: 0 }, reply: { packets: 0, bytes: 0 } };
}

export function countPacket(counters: FlowCounters, direction: Direction, bytes: number): void {
  const carried = counters[direction];
  carried.packets += 1;
  carried.bytes += bytes;
}

/** As /proc/net/nf_conntrack prints it. @kernel net/netfilter/nf_conntrack_standalone.c:seq_print_acct */
export function carriedWords(counters: FlowCounters | undefined, direction: Direction): readonly string[] {
  if (counters === undefined) return [];
  const { packets, bytes } = counters[direction];
  return [`packets=${packets}`, `bytes=${bytes}`];
}
