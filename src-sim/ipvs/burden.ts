/** What schedulers are, and how they weigh real servers against each other. */
import type { Address } from '../net/address';
import type { RealServer } from './connection';
import type { SchedulerFlag } from './service';

export interface ScheduledPacket {
  readonly client: Address;
  readonly clientPort: number;
  readonly dst: Address;
}

/** Chooses for one packet after another. */
export type Choose = (packet: ScheduledPacket) => RealServer | undefined;

/** @param servers the last added first, as they stand in the kernel's list */
export type Scheduler = (servers: readonly RealServer[], flags: ReadonlySet<SchedulerFlag>) => Choose;

export const weightOf = ({ destination }: RealServer) => destination.weight;

export function isAble(server: RealServer): boolean {
  return weightOf(server) > 0 && !server.isOverloaded;
}

/** The greatest common divisor of those that are not zero; of none it is 0. */
export function divisor(weights: readonly number[]): number {
  const two = (a: number, b: number): number => (b === 0 ? a : two(b, a % b));
  return weights.filter((weight) => weight > 0).reduce(two, 0);
}

/** An active connection counts as 256 that do nothing. @kernel include/net/ip_vs.h:ip_vs_dest_conn_overhead */
export const overhead = (server: RealServer) => server.activeConnections * 256 + server.inactiveConnections;
export const expectedDelay = (server: RealServer) => server.activeConnections + 1;

/** The least burdened for its weight; once one is found, others without weight are passed over by the arithmetic. */
export function leastBy(
  burden: (server: RealServer) => number,
  servers: readonly RealServer[],
): RealServer | undefined {
  const first = servers.findIndex(isAble);
  return servers.slice(first + 1).reduce((least, server) => {
    if (least === undefined || server.isOverloaded) return least;
    return burden(least) * weightOf(server) > burden(server) * weightOf(least) ? server : least;
  }, servers[first]);
}

export const weightedLeast = (servers: readonly RealServer[]) => leastBy(overhead, servers);
