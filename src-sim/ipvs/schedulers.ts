/**
 * Which real server gets a new connection: by turns, by weight, by burden.
 *
 * @kernel net/netfilter/ipvs/ip_vs_rr.c, ip_vs_wrr.c, ip_vs_lc.c, ip_vs_wlc.c, ip_vs_sed.c, ip_vs_nq.c, ip_vs_fo.c, ip_vs_ovf.c
 */
import { divisor, expectedDelay, isAble, leastBy, overhead, type Scheduler, weightedLeast, weightOf } from './burden';
import type { RealServer } from './connection';
import { destinationHashing, localityBased, localityBasedWithSets, maglev, sourceHashing } from './hash-schedulers';

const roundRobin: Scheduler = (servers) => {
  let last = -1;
  return () => {
    const after = servers.findIndex((server, index) => index > last && isAble(server));
    const found = after === -1 ? servers.findIndex((server, index) => index <= last && isAble(server)) : after;
    if (found !== -1) last = found;
    return servers[found];
  };
};

/** Where the turn stands: the current server (-1: before the first) and the weight that is asked for now. */
interface Turn {
  at: number;
  weight: number;
}

const weightedRoundRobin: Scheduler = (servers) => {
  const weights = servers.map(weightOf);
  const step = divisor(weights) || 1;
  const highest = Math.max(0, ...weights) - (step - 1);
  const turn: Turn = { at: -1, weight: firstWeight(weights) };
  return () => (highest === 0 ? undefined : takeTurn(servers, turn, step, highest));
};

/** Each server that is added changes the weight that is asked for. @kernel …/ip_vs_wrr.c:ip_vs_wrr_dest_changed */
function firstWeight(weights: readonly number[]): number {
  let current = 0;
  for (let first = weights.length - 1; first >= 0; first -= 1) {
    const added = weights.slice(first);
    const step = divisor(added) || 1;
    const highest = Math.max(0, ...added) - (step - 1);
    if (current > highest || current === 0) current = highest;
    else if (step > 1) current = Math.floor(current / step) * step + 1;
  }
  return current;
}

/** Until all were asked whether they have any weight. @kernel …/ip_vs_wrr.c:ip_vs_wrr_schedule */
function takeTurn(servers: readonly RealServer[], turn: Turn, step: number, highest: number): RealServer | undefined {
  const began = turn.at;
  let [stop, isLastPass, wasRestarted]: [number | undefined, boolean, boolean] = [undefined, false, false];
  for (;;) {
    for (let at = turn.at + 1; at < servers.length; at += 1) {
      const server = servers[at];
      turn.at = at;
      if (server && !server.isOverloaded && weightOf(server) >= turn.weight) return server;
      if (at === stop) return undefined;
    }
    turn.at = -1;
    turn.weight -= step;
    if (turn.weight <= 0) {
      turn.weight = highest;
      if (isLastPass || began === -1) return undefined;
      wasRestarted = true;
    }
    isLastPass = turn.weight <= step;
    if (isLastPass && wasRestarted && began !== -1) stop = began;
  }
}

const leastConnection: Scheduler = (servers) => () =>
  servers
    .filter(isAble)
    .reduce<RealServer | undefined>(
      (least, server) => (least === undefined || overhead(server) < overhead(least) ? server : least),
      undefined,
    );

const neverQueue: Scheduler = (servers) => () => {
  const idle = servers.find((server) => isAble(server) && server.activeConnections === 0);
  return idle ?? leastBy(expectedDelay, servers.filter(isAble));
};

function heaviest(servers: readonly RealServer[]): RealServer | undefined {
  return servers.reduce<RealServer | undefined>(
    (found, server) => (found === undefined || weightOf(server) > weightOf(found) ? server : found),
    undefined,
  );
}

const SCHEDULERS: ReadonlyMap<string, Scheduler> = new Map<string, Scheduler>([
  ['rr', roundRobin],
  ['wrr', weightedRoundRobin],
  ['lc', leastConnection],
  ['wlc', (servers) => () => weightedLeast(servers)],
  ['sed', (servers) => () => leastBy(expectedDelay, servers)],
  ['nq', neverQueue],
  ['fo', (servers) => () => heaviest(servers.filter(isAble))],
  [
    'ovf',
    (servers) => () =>
      heaviest(servers.filter((server) => isAble(server) && server.activeConnections <= weightOf(server))),
  ],
  ['sh', sourceHashing],
  ['dh', destinationHashing],
  ['mh', maglev],
  ['lblc', localityBased],
  ['lblcr', localityBasedWithSets],
  ['none', () => () => undefined],
]);

/** What nobody knows schedules as wlc does, which is what ipvsadm takes where nothing is said. */
export function schedulerOf(name: string): Scheduler {
  return SCHEDULERS.get(name) ?? ((servers) => () => weightedLeast(servers));
}
