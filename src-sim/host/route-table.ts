/** One routing table: of the routes to an address, the one with the longest prefix. @kernel net/ipv4/fib_trie.c:fib_table_lookup */
import { type AddressMask, networkTest, prefixLength } from '../net/address';
import type { Point } from '../net/interval-set';
import type { Route } from './routing';

interface Candidate {
  readonly route: Route;
  readonly leadsTo: (address: Point) => boolean;
}

export class RouteTable {
  /** The best first: the longest prefix, the lowest metric, the one that was there before. */
  readonly #candidates: readonly Candidate[];

  constructor(routes: readonly Route[]) {
    const ranked = routes.map((route) => ({ route, length: prefixLength(route.network.mask) ?? 0 }));
    ranked.sort((a, b) => b.length - a.length || a.route.metric - b.route.metric);
    this.#candidates = ranked.map(({ route }) => ({ route, leadsTo: networkTest(route.network) }));
  }

  networks(): readonly AddressMask[] {
    return this.#candidates.map(({ route }) => route.network);
  }

  /** @param device the one that the packet is bound to leave by, where it is bound to one */
  find(dst: Point, device: string | undefined): Route | undefined {
    for (const { route, leadsTo } of this.#candidates) {
      const otherDevice = device !== undefined && route.device !== undefined && route.device !== device;
      if (leadsTo(dst) && !otherDevice) return route;
    }
    return undefined;
  }
}
