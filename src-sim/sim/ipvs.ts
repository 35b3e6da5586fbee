/**
 * IPVS at the hooks: packets to services go to real servers, what answers them speaks for the service.
 *
 * @kernel net/netfilter/ipvs/ip_vs_core.c
 */
import { routeDevice } from '../host/routing';
import type { Connection } from '../ipvs/connection';
import type { Director, Surroundings } from '../ipvs/director';
import { quoting, withDestination, withSource } from '../ipvs/rewrite';
import { tracked } from '../nat/nat';
import type { Packet } from '../net/packet';
import { TCP_FLAG } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import type { Hook } from '../netfilter/hook';
import { gather } from './gather';
import type { InFlight } from './in-flight';
import { settleEntry } from './ipvs-conntrack';
import { transmit } from './ipvs-transmit';
import type { Machine } from './machine';
import { drop, reroute } from './reroute';
import { ACCEPT, type Verdict } from './traverse';

/** Protocols that have ports, and those that follow a key exchange. @kernel net/netfilter/ipvs/ip_vs_proto.c */
const WITH_PORTS: ReadonlySet<number> = new Set([PROTOCOL.tcp, PROTOCOL.udp, PROTOCOL.sctp]);
const KNOWN: ReadonlySet<number> = new Set([...WITH_PORTS, PROTOCOL.esp, PROTOCOL.ah]);

/** @kernel …:ip_vs_in_hook */
export function directIn(machine: Machine, flight: InFlight, hook: Hook): Verdict {
  const { director, host } = machine;
  if (director === undefined || flight.isFromIpvs || !isDirected(machine)) return ACCEPT;
  if (hook !== 'OUTPUT' && flight.packetType !== 'unicast') return ACCEPT;
  const error = directError(machine, flight, hook);
  if (error) return error;
  const { packet } = flight;
  if (!KNOWN.has(packet.protocol)) {
    if (host.sysctl.get('net.ipv4.vs.ignore_tunneled') !== 0) flight.isFromIpvs = true;
    return ACCEPT;
  }
  const answer = director.incoming(packet, surroundings(machine, flight, hook));
  switch (answer.kind) {
    case 'not mine':
      return ACCEPT;
    case 'drop':
      return drop('ipvs', answer.reason);
    case 'no server':
      machine.emitter.sendError(machine, flight, 'port-unreachable');
      return drop('ipvs', 'the virtual service has no real server that takes connections');
    case 'forward': {
      const { connection, isNew } = answer;
      tellServer(flight, hook, connection, isNew);
      const sent = connection.method === 'nat' ? withDestination(packet, connection.server) : packet;
      return transmit(machine, flight, hook, connection, { sent, isError: false });
    }
  }
}

/** A host that is the backup of another passes on what comes. */
function isDirected({ host }: Machine): boolean {
  return host.sysctl.get('net.ipv4.vs.backup_only') === 0;
}

function surroundings({ host, now }: Machine, flight: InFlight, hook: Hook): Surroundings {
  return {
    now,
    mark: flight.mark,
    option: (name) => host.sysctl.get(`net.ipv4.vs.${name}`),
    hasOldEntry: tracked(flight.attachment)?.entry.status.confirmed === true,
    isOwn: hook === 'OUTPUT' || flight.inDevice === 'lo',
  };
}

function tellServer(flight: InFlight, hook: Hook, { server }: Connection, isNew: boolean): void {
  const text = `${isNew ? 'a new connection' : 'a known connection'}: it goes to the real server ${server.address}`;
  flight.story.steps?.push({ kind: 'ipvs', hook, text });
}

/**
 * An ICMP error about what a real server answered goes to that server.
 *
 * @returns undefined where the packet is no error
 * @kernel …:ip_vs_in_icmp, ip_vs_in_icmp_v6, ip_vs_xmit.c:ip_vs_icmp_xmit
 */
export function directError(machine: Machine, flight: InFlight, hook: Hook): Verdict | undefined {
  const { packet } = flight;
  const { director } = machine;
  if (director === undefined || !isDirected(machine)) return ACCEPT;
  const quoted = quotedBy(packet);
  if (quoted === 'no error') return undefined;
  const connection = quoted && KNOWN.has(quoted.protocol) ? director.quotedAnswer(quoted) : undefined;
  if (quoted === undefined || connection === undefined) return ACCEPT;
  const isMasked = connection.method === 'nat';
  if (packet.family === 'ipv6' && hook === 'OUTPUT' && !isMasked) return ACCEPT;
  tellServer(flight, hook, connection, false);
  const about = isMasked ? quoting(packet, withSource(quoted, portsOf(quoted, connection))) : packet;
  const sent = isMasked ? { ...about, dst: connection.server.address } : packet;
  return transmit(machine, flight, hook, connection, { sent, isError: true });

  function portsOf({ transport, protocol }: Packet, { server }: Connection) {
    const own = 'sport' in transport ? (transport.sport ?? 0) : 0;
    return { address: server.address, port: WITH_PORTS.has(protocol) ? server.port : own };
  }
}

/** Destination unreachable, source quench, time exceeded: others quote packets, too, but are not looked into. */
const ERRORS: ReadonlySet<number> = new Set([3, 4, 11]);
const FIRST_INFORMATIONAL = 128;

/** The packet that an error quotes; undefined: it quotes none that can be read. */
function quotedBy({ family, protocol, transport }: Packet): Packet | undefined | 'no error' {
  if (transport.kind !== 'icmp' || protocol !== (family === 'ipv4' ? PROTOCOL.icmp : PROTOCOL.icmpv6))
    return 'no error';
  const isError = family === 'ipv4' ? ERRORS.has(transport.type) : transport.type < FIRST_INFORMATIONAL;
  return isError ? transport.inner : 'no error';
}

/**
 * What answers a connection that the host directs: behind NAT it speaks for the service from here on.
 *
 * @kernel …:ip_vs_out_hook, handle_response, handle_response_icmp
 */
export function directOut(machine: Machine, flight: InFlight, hook: Hook): Verdict {
  const { director, now } = machine;
  if (director === undefined || flight.isFromIpvs) return ACCEPT;
  const held = gatherAnswer(machine, flight, hook);
  if (held) return held;
  const { packet } = flight;
  const quoted = quotedBy(packet);
  if (quoted === undefined) return ACCEPT;
  if (quoted !== 'no error') {
    const connection = KNOWN.has(quoted.protocol) ? director.quotedRequest(quoted) : undefined;
    if (connection === undefined) return ACCEPT;
    const about = quoting(packet, withDestination(quoted, connection.service));
    return speakForService(machine, flight, hook, connection, { ...about, src: connection.service.address });
  }
  if (!KNOWN.has(packet.protocol)) return ACCEPT;
  const connection = director.answered(packet);
  if (connection === undefined) return refuseStray(machine, director, flight);
  const verdict = speakForService(machine, flight, hook, connection, withSource(packet, connection.service));
  director.noteAnswer(connection, packet, now);
  return verdict;
}

/** IPv4's director gathers what may be an answer; in IPv6 conntrack's defragmentation has done so. @kernel …:ip_vs_gather_frags */
function gatherAnswer(machine: Machine, flight: InFlight, hook: Hook): Verdict | undefined {
  const { family, protocol, fragment } = flight.packet;
  const concerns = protocol === PROTOCOL.icmp || WITH_PORTS.has(protocol);
  if (family !== 'ipv4' || fragment === undefined || !concerns) return undefined;
  const fate = gather(machine, flight, hook);
  return fate && { kind: 'HELD', fate };
}

function speakForService(
  machine: Machine,
  flight: InFlight,
  hook: Hook,
  connection: Connection,
  spoken: Packet,
): Verdict {
  const { host } = machine;
  const isMasked = connection.method === 'nat';
  if (!isMasked && !host.kernel.directorKnowsOwnAnswers) return ACCEPT;
  let verdict: Verdict = ACCEPT;
  if (isMasked) {
    flight.packet = spoken;
    const text = `the real server ${connection.server.address} answers as ${connection.service.address}`;
    flight.story.steps?.push({ kind: 'ipvs', hook, text });
    if (mayReroute(machine, flight, hook)) verdict = reroute(machine, flight);
  }
  if (verdict.kind !== 'ACCEPT') return verdict;
  flight.isFromIpvs = true;
  settleEntry(flight, hook, connection, 'back');
  return ACCEPT;
}

/** @kernel …:ip_vs_route_me_harder */
function mayReroute({ host }: Machine, { route }: InFlight, hook: Hook): boolean {
  if (hook === 'INPUT' || host.sysctl.get('net.ipv4.vs.snat_reroute') === 0) return false;
  return route === undefined || routeDevice(route) !== 'lo';
}

/** net.ipv4.vs.nat_icmp_send=1: a real server that answers nobody is told so. */
function refuseStray(machine: Machine, director: Director, flight: InFlight): Verdict {
  const { packet } = flight;
  const { transport, protocol } = packet;
  const isReset = transport.kind === 'tcp' && (transport.flags & TCP_FLAG.R) !== 0;
  if (machine.host.sysctl.get('net.ipv4.vs.nat_icmp_send') === 0 || !WITH_PORTS.has(protocol) || isReset) return ACCEPT;
  if (!director.isRealServer(packet)) return ACCEPT;
  machine.emitter.sendError(machine, flight, 'port-unreachable');
  return drop('ipvs', 'no connection has this answer');
}
