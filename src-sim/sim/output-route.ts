/** Which way a packet of this host leaves, and what keeps it from leaving. */
import { type Host, LOOPBACK } from '../host/host';
import { findRoute, isLimitedBroadcast, isLoopback, isMulticast, type Route, routeDevice } from '../host/routing';
import type { InFlight } from './in-flight';

/**
 * A group, or everybody, is reached without a gateway.
 *
 * @param isSourceChosen whether it was known before the route: `from` of a policy rule asks for it
 * @kernel net/ipv4/route.c:__mkroute_output
 */
export function outputRoute(
  { routes }: Host,
  { packet: { src, dst }, mark, sender }: InFlight,
  isSourceChosen = sender?.kind !== 'process' || !sender.isRaw,
): Route | undefined {
  const route = findRoute(routes, { dst, mark, inDevice: LOOPBACK, ...(isSourceChosen && { src }) });
  // A loopback address does not leave the host; a process that writes its own headers is not asked for it.
  if (isLoopback(src) && sender?.kind !== 'process' && route && routeDevice(route) !== LOOPBACK) return undefined;
  // What is of a link is reached by that link alone.
  if (/^fe[89ab]/.test(dst) && !route?.network.address.startsWith('fe')) return undefined;
  if (route === undefined || !(isLimitedBroadcast(dst) || isMulticast(dst))) return route;
  const { gateway: _, ...direct } = route;
  return { ...direct, type: isMulticast(dst) ? 'multicast' : 'broadcast' };
}

/** @kernel net/ipv4/raw.c:raw_sendmsg, net/ipv4/udp.c:udp_sendmsg: EACCES */
export function mayNotBroadcast({ sender, route }: InFlight): boolean {
  return route?.type === 'broadcast' && sender?.kind === 'process' && sender.mayBroadcast === false;
}

/** Every address on the wire has somebody behind it, but for that of the network itself. */
export function hasNeighbour(host: Host, { packet, route, outDevice = '' }: InFlight): boolean {
  const nextHop = route?.gateway ?? packet.dst;
  const { addresses = [] } = host.interfaces.get(outDevice) ?? {};
  return !addresses.some(({ network, broadcast }) => broadcast !== undefined && network.address === nextHop);
}

const SENDING_ROUTES: ReadonlySet<string> = new Set(['unicast', 'local', 'broadcast', 'multicast']);

export function isUsable(route: Route | undefined): route is Route {
  return route !== undefined && SENDING_ROUTES.has(route.type);
}
