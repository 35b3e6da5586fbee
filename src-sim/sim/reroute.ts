/** What a hook does to a packet besides letting it pass: another route, or none. */
import { LOOPBACK } from '../host/host';
import { findRoute, routeDevice } from '../host/routing';
import type { InFlight } from './in-flight';
import type { Machine } from './machine';
import { ACCEPT, type Verdict } from './traverse';

export function drop(where: string, reason: string): Verdict {
  return { kind: 'DROP', where, reason, rejected: false };
}

/**
 * The packet gets another route; the rules of this hook still see the device of the first.
 *
 * @kernel net/ipv4/netfilter.c:ip_route_me_harder; nf_hook_state keeps its `out` throughout the hook
 */
export function reroute(machine: Machine, flight: InFlight): Verdict {
  const { src, dst } = flight.packet;
  const route = findRoute(machine.host.routes, { dst, src, mark: flight.mark, inDevice: LOOPBACK });
  const device = route && routeDevice(route);
  if (route === undefined || device === undefined) return drop('routing', `there is no route to ${dst}`);
  if (device !== flight.outDevice) {
    const text = `routed again: ${dst} is reached by ${device}`;
    flight.story.steps?.push({ kind: 'routing', decision: 'output', device, text });
  }
  flight.route = route;
  return ACCEPT;
}
