/** A connection of IPVS (`struct ip_vs_conn`), the real server that it burdens, and how packets move its state. */
import type { Waiting } from '../host/deadlines';
import type { Packet } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import { nextSctpState, type SctpState, sctpTimeout } from './sctp-states';
import type { Destination, Endpoint, ForwardMethod } from './service';
import { ACTIVE_TCP_STATES, type FlowDirection, nextTcpState, TCP_TIMEOUTS, type TcpState } from './tcp-states';

/** A destination with what it carries. @kernel include/net/ip_vs.h:ip_vs_dest */
export interface RealServer {
  readonly destination: Destination;
  activeConnections: number;
  inactiveConnections: number;
  isOverloaded: boolean;
}

export interface Connection extends Waiting {
  readonly protocol: number;
  readonly client: Endpoint;
  readonly service: Endpoint;
  readonly server: Endpoint;
  readonly method: ForwardMethod;
  /** Absent where packets go past the director, to whom they are for. */
  readonly realServer: RealServer | undefined;
  /** A datagram on its own: nobody finds it again. */
  readonly isOnePacket: boolean;
  /** It only remembers which real server a client has. */
  readonly isTemplate: boolean;
  readonly template: Connection | undefined;
  /** Connections of which it is the template. */
  controlled: number;
  tcpState: TcpState;
  sctpState: SctpState;
  isActive: boolean;
  /** Whether answers came by; behind NAT they do. */
  sawAnswers: boolean;
  timeoutSeconds: number;
  /** In virtual time. */
  expiresAt: number;
  /** net.ipv4.vs.conntrack, when it began. */
  usesConntrack: boolean;
}

const UDP_TIMEOUT = 300;

/** @kernel net/netfilter/ipvs/ip_vs_core.c:ip_vs_set_state */
export function moveState(connection: Connection, way: 'input' | 'output', { transport }: Packet): void {
  if (connection.protocol === PROTOCOL.udp && transport.kind === 'udp') connection.timeoutSeconds = UDP_TIMEOUT;
  if (transport.kind === 'tcp') {
    connection.tcpState = nextTcpState(directionOf(connection, way), transport.flags, connection.tcpState);
    connection.timeoutSeconds = TCP_TIMEOUTS[connection.tcpState];
    setActive(connection, ACTIVE_TCP_STATES.has(connection.tcpState));
  } else if (transport.kind === 'sctp') {
    connection.sctpState = nextSctpState(directionOf(connection, way), transport.chunk, connection.sctpState);
    connection.timeoutSeconds = sctpTimeout(connection.sctpState);
    setActive(connection, connection.sctpState === 'ESTABLISHED');
  }
}

function directionOf(connection: Connection, way: 'input' | 'output'): FlowDirection {
  if (way === 'output') connection.sawAnswers = true;
  return way === 'input' && !connection.sawAnswers ? 'input only' : way;
}

function setActive(connection: Connection, isActive: boolean): void {
  const { realServer } = connection;
  if (isActive === connection.isActive) return;
  connection.isActive = isActive;
  if (realServer === undefined) return;
  realServer.activeConnections += isActive ? 1 : -1;
  realServer.inactiveConnections += isActive ? -1 : 1;
}

/** A new connection is a burden that does nothing yet. @kernel net/netfilter/ipvs/ip_vs_conn.c:ip_vs_bind_dest */
export function bind({ realServer, isTemplate, template }: Connection): void {
  if (template) template.controlled += 1;
  if (realServer === undefined) return;
  if (!isTemplate) realServer.inactiveConnections += 1;
  const { upperThreshold } = realServer.destination;
  if (upperThreshold > 0 && connectionsOf(realServer) >= upperThreshold) realServer.isOverloaded = true;
}

/** @kernel net/netfilter/ipvs/ip_vs_conn.c:ip_vs_unbind_dest */
export function unbind({ realServer, isTemplate, isActive, template }: Connection): void {
  if (template) template.controlled -= 1;
  if (realServer === undefined) return;
  if (!isTemplate && isActive) realServer.activeConnections -= 1;
  else if (!isTemplate) realServer.inactiveConnections -= 1;
  const { upperThreshold, lowerThreshold } = realServer.destination;
  const count = connectionsOf(realServer);
  const hasRoom = lowerThreshold > 0 ? count < lowerThreshold : upperThreshold === 0 || count * 4 < upperThreshold * 3;
  if (hasRoom) realServer.isOverloaded = false;
}

function connectionsOf({ activeConnections, inactiveConnections }: RealServer): number {
  return activeConnections + inactiveConnections;
}
