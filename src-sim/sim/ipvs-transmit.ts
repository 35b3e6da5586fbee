/**
 * How a packet gets to its real server: with its address (masquerading), as it is (direct routing), or within another
 * (tunnel); and what keeps it from going.
 *
 * @kernel net/netfilter/ipvs/ip_vs_xmit.c
 */
import { confirm } from '../conntrack/track';
import { LOOPBACK } from '../host/host';
import { findRoute, isLoopback, type Route, routeDevice } from '../host/routing';
import { sourceAddress } from '../host/source-address';
import { cutToFit, largestOnTheWire } from '../host/wire-pieces';
import type { Connection } from '../ipvs/connection';
import { inTunnel } from '../ipvs/rewrite';
import { IP_HEADER_BYTES, type Packet } from '../net/packet';
import type { Hook } from '../netfilter/hook';
import type { InFlight } from './in-flight';
import { settleEntry } from './ipvs-conntrack';
import type { Machine } from './machine';
import { isUsable } from './output-route';
import { drop } from './reroute';
import { ACCEPT, type Verdict } from './traverse';

export interface Transmission {
  /** With the real server's address, where that is how it goes there. */
  readonly sent: Packet;
  /** An ICMP error about the connection: no error is sent about it. */
  readonly isError: boolean;
}

export function transmit(
  machine: Machine,
  flight: InFlight,
  hook: Hook,
  connection: Connection,
  { sent, isError }: Transmission,
): Verdict {
  const { server, method } = connection;
  const route = findRoute(machine.host.routes, { dst: server.address, inDevice: LOOPBACK });
  if (!isUsable(route)) {
    machine.emitter.sendError(machine, flight, 'host-unreachable');
    return drop('ipvs', `there is no route to the real server ${server.address}`);
  }
  const problem = boundaryProblem(flight, hook, route, connection, isError);
  if (problem) return drop('ipvs', problem);
  if (route.type === 'local') {
    flight.packet = sent;
    flight.isFromIpvs = true;
    settleEntry(flight, hook, connection, 'out');
    return ACCEPT;
  }
  const refused = refusedByRouter(machine, flight, route, connection, isError);
  if (refused) return refused;
  const aged = { ...sent, ttl: sent.ttl - 1 };
  if (method !== 'tun') {
    settleEntry(flight, hook, connection, 'out');
    return { kind: 'STOLEN', sent: aged, route, inTunnel: false };
  }
  if (connection.usesConntrack && confirm(flight.attachment, machine.conntrack()).verdict === 'DROP')
    return drop('conntrack', 'its entry cannot be confirmed');
  return { kind: 'STOLEN', sent: wrapped(machine, aged, route, connection), route, inTunnel: true };
}

/** @kernel …:crosses_local_route_boundary, ip_vs_nat_xmit */
function boundaryProblem(
  { packet, route: before, inDevice }: InFlight,
  hook: Hook,
  route: Route,
  { method, server }: Connection,
  isError: boolean,
): string | undefined {
  if (route.type !== 'local') {
    const fromLoopback =
      isLoopback(packet.src) && (packet.family === 'ipv4' || inDevice === undefined || inDevice === 'lo');
    return fromLoopback ? 'a loopback address does not leave the host' : undefined;
  }
  if (isError && method === 'nat' && hook === 'FORWARD') return 'an error that is forwarded does not go to this host';
  if (method !== 'nat' && before?.type !== 'local') return 'what is forwarded does not go to this host';
  const comesFromAfar = inDevice !== undefined && inDevice !== 'lo' && hook !== 'OUTPUT';
  return method === 'nat' && isLoopback(server.address) && comesFromAfar
    ? 'a packet from outside does not go to a loopback address'
    : undefined;
}

/** @kernel …:decrement_ttl, ensure_mtu_is_adequate */
function refusedByRouter(
  machine: Machine,
  flight: InFlight,
  route: Route,
  { method }: Connection,
  isError: boolean,
): Verdict | undefined {
  const { packet } = flight;
  if (packet.ttl <= 1) {
    machine.emitter.sendError(machine, flight, 'time-exceeded');
    return drop('ipvs', 'its time to live has run out');
  }
  const { family, dontFragment } = packet;
  const device = machine.host.interfaces.get(routeDevice(route) ?? '');
  const mtu = (device?.mtu ?? Number.POSITIVE_INFINITY) - (method === 'tun' ? IP_HEADER_BYTES[family] : 0);
  const mayBeCut = method === 'tun' && machine.host.sysctl.get('net.ipv4.vs.pmtu_disc') === 0;
  const isTooBig =
    family === 'ipv6' ? largestOnTheWire(packet) > mtu : dontFragment && packet.length > mtu && !isError && !mayBeCut;
  if (!isTooBig) return undefined;
  if (!isError) machine.emitter.sendError(machine, flight, 'too-big', mtu);
  return drop('ipvs', `${packet.length} bytes do not fit into ${mtu}`);
}

/** What came in pieces leaves in pieces no larger. @kernel …:ip_vs_tunnel_xmit, ip_vs_tunnel_xmit_v6 */
function wrapped(machine: Machine, inner: Packet, route: Route, { server }: Connection): Packet {
  const { host } = machine;
  const source =
    route.preferredSource ??
    sourceAddress(host, routeDevice(route) ?? '', route.gateway ?? server.address, server.address) ??
    inner.dst;
  const keepsWhole = host.sysctl.get('net.ipv4.vs.pmtu_disc') !== 0;
  const id = 1 + Math.floor(machine.random() * 65_535);
  const outer = inTunnel(inner, source, server.address, keepsWhole, id);
  return inner.pieces === undefined ? outer : cutToFit(outer, largestOnTheWire(inner));
}
