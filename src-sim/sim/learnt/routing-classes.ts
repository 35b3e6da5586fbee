/**
 * Routing asks of an address only in which networks it is. Addresses that are in the same ones are a class, and what
 * was decided for one pair of classes holds for all their addresses: as long as no policy rule looks at anything else.
 */
import type { Host } from '../../host/host';
import { decideInput } from '../../host/input-routing';
import type { Route } from '../../host/routing';
import type { AddressMask } from '../../net/address';
import { networkRange } from '../../net/address-interval';
import type { Packet } from '../../net/packet';
import type { Starts } from './way';

/** Networks that the stack knows without a route: "this", loopback, multicast and experimental, limited broadcast. */
const SPECIAL: readonly AddressMask[] = [
  { address: '0.0.0.0', mask: '255.0.0.0' },
  { address: '0.0.0.0', mask: '255.255.255.255' },
  { address: '127.0.0.0', mask: '255.0.0.0' },
  { address: '224.0.0.0', mask: '240.0.0.0' },
  { address: '255.255.255.255', mask: '255.255.255.255' },
];

/** Packets that are forwarded by one route, having come in by one device. */
export interface Forwarding {
  readonly starts: Starts;
}

/** Class of addresses that begin with the same 16 bits, where they are of one class. */
const MIXED = -1;
const PREFIX_SIZE = 65_536;
const ALL_ADDRESSES = 2 ** 32;

export class RoutingClasses {
  /** Where classes begin, in order. */
  readonly #starts: Float64Array;
  readonly #classOfPrefix = new Int32Array(65_536);
  readonly #networkAddresses: ReadonlySet<string>;
  /** By device. */
  readonly #tables = new Map<string, Decided>();
  #last: { readonly device: string; readonly decided: Decided } | undefined;

  constructor(readonly host: Host) {
    const interfaces = [...host.interfaces.values()];
    const own = interfaces.flatMap(({ addresses }) => addresses.map(({ network }) => network.address));
    this.#networkAddresses = new Set(own);
    const routes = [...host.routes.tables.values()].flatMap((table) => table.networks());
    const networks = [...routes, ...SPECIAL, ...own.map((address) => ({ address, mask: '255.255.255.255' }))];
    const ends = networks.flatMap((network) => networkRange(network, 'ipv4') ?? []);
    const points = new Set([0, ...ends.flatMap(({ start, end }) => [Number(start), Number(end)])]);
    this.#starts = Float64Array.from(points).sort();
    this.#classOfPrefix.fill(MIXED);
    this.#starts.forEach((start, at) => {
      const end = this.#starts[at + 1] ?? ALL_ADDRESSES;
      this.#classOfPrefix.fill(at, Math.ceil(start / PREFIX_SIZE), Math.floor(end / PREFIX_SIZE));
    });
  }

  /**
   * How packets from `src` to `dst` are forwarded; undefined where they are not, or with more ado.
   *
   * @param sample makes one of these packets
   */
  forwarding(device: string, src: number, dst: number, sample: () => Packet | undefined): Forwarding | undefined {
    const { byClasses, byRoute } = this.#decidedFor(device);
    const pair = this.#classOf(src) * this.#starts.length + this.#classOf(dst);
    const known = byClasses[pair];
    if (known !== undefined) return known ?? undefined;
    const route = this.#route(sample(), device);
    const forwarding = route && (byRoute.get(route) ?? { starts: new Map() });
    if (route && forwarding) byRoute.set(route, forwarding);
    byClasses[pair] = forwarding ?? null;
    return forwarding;
  }

  #decidedFor(device: string): Decided {
    if (this.#last?.device === device) return this.#last.decided;
    const decided = this.#tables.get(device) ?? { byClasses: [], byRoute: new Map() };
    this.#tables.set(device, decided);
    this.#last = { device, decided };
    return decided;
  }

  #route(packet: Packet | undefined, device: string): Route | undefined {
    if (packet === undefined) return undefined;
    const decision = decideInput(this.host, packet, device, 0);
    if (decision.kind !== 'forward') return undefined;
    // Nobody answers for the address of a network.
    return this.#networkAddresses.has(decision.route.gateway ?? packet.dst) ? undefined : decision.route;
  }

  #classOf(address: number): number {
    const known = this.#classOfPrefix[address >>> 16] ?? MIXED;
    return known === MIXED ? this.#search(address) : known;
  }

  #search(address: number): number {
    let [low, high] = [0, this.#starts.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#starts[middle] ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

interface Decided {
  /** By the classes of source and destination; null: the packet is not simply forwarded. */
  readonly byClasses: (Forwarding | null | undefined)[];
  readonly byRoute: Map<Route, Forwarding>;
}
