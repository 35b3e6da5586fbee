/**
 * IPVS's part of a packet's way: which real server gets it, and which connection it answers.
 *
 * @kernel net/netfilter/ipvs/ip_vs_core.c:ip_vs_in_hook, ip_vs_schedule
 * @deviates sync daemons, persistence engines, drop_entry, drop_packet, secure_tcp and schedule_icmp are not simulated
 */
import { maskAddress } from '../net/address';
import { destinationPort, type Packet, sourcePort, TCP_FLAG } from '../net/packet';
import { PROTOCOL } from '../net/protocol';
import type { Choose } from './burden';
import { type Connection, moveState, type RealServer } from './connection';
import { ConnectionTable, type Flow } from './connection-table';
import { schedulerOf } from './schedulers';
import { type Destination, type Endpoint, parseServices, type Service } from './service';

/** What a packet meets that its headers do not tell. */
export interface Surroundings {
  readonly now: number;
  readonly mark: number;
  /** A switch of the host, `net.ipv4.vs.NAME`. */
  readonly option: (name: string) => number;
  /** Whether its conntrack entry was there before it. */
  readonly hasOldEntry: boolean;
  /** It comes from this host. */
  readonly isOwn: boolean;
}

export type DirectorAnswer =
  /** IPVS leaves the packet to the host. */
  | { readonly kind: 'not mine' }
  | { readonly kind: 'forward'; readonly connection: Connection; readonly isNew: boolean }
  | { readonly kind: 'no server' }
  | { readonly kind: 'drop'; readonly reason: string };

const NOT_MINE: DirectorAnswer = { kind: 'not mine' };
const NO_SERVER: DirectorAnswer = { kind: 'no server' };

/** A service that takes connections. */
interface Cluster extends Service {
  readonly choose: Choose;
}

const FTP = 21;
const FTP_DATA = 20;
/** net.ipv4.ip_unprivileged_port_start, its default. */
const FIRST_UNPRIVILEGED_PORT = 1024;

export class Director {
  readonly #clusters: readonly Cluster[];
  readonly #connections = new ConnectionTable();

  /** @param text what `ipvsadm -S -n` prints */
  constructor(text: string) {
    this.#clusters = parseServices(text).map(openCluster);
  }

  /** FTP behind NAT rewrites what is said, and needs conntrack. @kernel net/netfilter/ipvs/ip_vs_ctl.c:ip_vs_register_conntrack */
  get needsConntrack(): boolean {
    return this.#clusters.some(
      ({ virtual, destinations }) =>
        virtual.kind === 'endpoint' && virtual.port === FTP && destinations.some(({ method }) => method === 'nat'),
    );
  }

  incoming(packet: Packet, around: Surroundings): DirectorAnswer {
    const flow = flowOf(packet);
    const known = this.#connections.incoming(flow);
    if (known === undefined) return this.#schedule(packet, flow, around);
    const restart = restartOf(known, packet, around);
    if (restart === 'no') return this.#use(known, packet, around, false);
    if (restart === 'with new entry') known.usesConntrack = false;
    if (known.controlled === 0) this.#connections.expireNow(known, around.now);
    if (restart === 'after the old entry')
      return { kind: 'drop', reason: 'the connection begins anew: its conntrack entry goes first' };
    return this.#schedule(packet, flow, around);
  }

  /** The connection that a quoted packet answers: an error about it is the real server's. @kernel …:ip_vs_in_icmp */
  quotedAnswer(quoted: Packet): Connection | undefined {
    const { protocol, from, to } = flowOf(quoted);
    return this.#connections.incoming({ protocol, from: to, to: from });
  }

  /** The connection whose request is quoted: an error about it is the client's. @kernel …:ip_vs_out_icmp */
  quotedRequest(quoted: Packet): Connection | undefined {
    const { protocol, from, to } = flowOf(quoted);
    return this.#connections.answered({ protocol, from: to, to: from });
  }

  /**
   * The connection that a packet answers: as a real server does behind NAT, or the host itself from the service's
   * address.
   *
   * @kernel net/netfilter/ipvs/ip_vs_conn.c:ip_vs_conn_out_get
   */
  answered(packet: Packet): Connection | undefined {
    return this.#connections.answered(flowOf(packet));
  }

  /** @kernel net/netfilter/ipvs/ip_vs_core.c:handle_response */
  noteAnswer(connection: Connection, packet: Packet, now: number): void {
    moveState(connection, 'output', packet);
    this.#connections.restartTimer(connection, now);
  }

  /** Whether a real server behind NAT would send from there. @kernel net/netfilter/ipvs/ip_vs_ctl.c:ip_vs_has_real_service */
  isRealServer(packet: Packet): boolean {
    return this.#clusters.some(
      ({ virtual, destinations }) =>
        (virtual.kind === 'mark' || virtual.protocol === packet.protocol) &&
        destinations.some(
          ({ method, address, port }) => method === 'nat' && address === packet.src && port === sourcePort(packet),
        ),
    );
  }

  /** Time has passed: the connections that are over. */
  removeExpired(now: number): readonly Connection[] {
    return this.#connections.removeExpired(now);
  }

  #schedule(packet: Packet, flow: Flow, around: Surroundings): DirectorAnswer {
    if (!mayBegin(packet, around)) return NOT_MINE;
    const cluster = this.#serviceOf(packet, flow, around.mark);
    if (cluster === undefined || flow.from.port === FTP_DATA || this.#answersItself(flow, around)) return NOT_MINE;
    const made = cluster.persistence
      ? this.#openPersistent(cluster, packet, flow, around)
      : this.#openPlain(cluster, packet, flow, around);
    if (made !== undefined) return this.#use(made, packet, around, true);
    const isFtp = cluster.virtual.kind === 'endpoint' && cluster.virtual.port === FTP;
    return isFtp && flow.to.port !== FTP ? NOT_MINE : NO_SERVER;
  }

  /** What a real server on this host answers is no request. */
  #answersItself({ protocol, from, to }: Flow, { isOwn }: Surroundings): boolean {
    return isOwn && this.#connections.incoming({ protocol, from: to, to: from }) !== undefined;
  }

  #use(connection: Connection, packet: Packet, { now }: Surroundings, isNew: boolean): DirectorAnswer {
    moveState(connection, 'input', packet);
    this.#connections.restartTimer(connection, now);
    return { kind: 'forward', connection, isNew };
  }

  /** @kernel net/netfilter/ipvs/ip_vs_ctl.c:ip_vs_service_find */
  #serviceOf({ family, protocol, dst }: Packet, { to }: Flow, mark: number): Cluster | undefined {
    const marked = this.#clusters.find(
      ({ virtual, family: own }) => virtual.kind === 'mark' && mark !== 0 && virtual.mark === mark && own === family,
    );
    if (marked) return marked;
    const at = (port: number) =>
      this.#clusters.find(
        ({ virtual }) =>
          virtual.kind === 'endpoint' &&
          virtual.protocol === protocol &&
          virtual.address === dst &&
          virtual.port === port,
      );
    const mayBeFtp = protocol === PROTOCOL.tcp && (to.port === FTP_DATA || to.port >= FIRST_UNPRIVILEGED_PORT);
    return at(to.port) ?? (mayBeFtp ? at(FTP) : undefined) ?? at(0);
  }

  #openPlain(cluster: Cluster, packet: Packet, flow: Flow, around: Surroundings): Connection | undefined {
    const { virtual } = cluster;
    if (virtual.kind === 'endpoint' && virtual.port !== flow.to.port) return undefined;
    const server = choose(cluster, packet);
    if (server === undefined) return undefined;
    return this.#open(cluster, flow, server, server.destination.port || flow.to.port, around);
  }

  /** @kernel …:ip_vs_sched_persist */
  #openPersistent(cluster: Cluster, packet: Packet, flow: Flow, around: Surroundings): Connection | undefined {
    const { virtual, persistence } = cluster;
    const port = virtual.kind === 'endpoint' ? virtual.port : 0;
    const isOfPort = flow.to.port === port;
    const service: Endpoint = { address: packet.dst, port: isOfPort && port !== FTP ? port : 0 };
    const remembered: Flow =
      virtual.kind === 'mark' && !isOfPort
        ? { protocol: 0, from: flow.from, to: { address: `mark ${virtual.mark}`, port: 0 } }
        : { protocol: flow.protocol, from: flow.from, to: service };
    const client: Endpoint = { address: maskAddress(packet.src, persistence?.mask ?? ''), port: 0 };
    const known = this.#connections.template(remembered.protocol, client, remembered.to);
    const server = known?.realServer ?? choose(cluster, packet);
    if (server === undefined) return undefined;
    const template = known ?? this.#openTemplate(cluster, { ...remembered, from: client }, server);
    const serverPort = isOfPort && server.destination.port !== 0 ? server.destination.port : flow.to.port;
    const connection = this.#open(cluster, flow, server, serverPort, around, template);
    this.#connections.restartTimer(template, around.now);
    return connection;
  }

  #openTemplate({ persistence }: Cluster, flow: Flow, realServer: RealServer): Connection {
    const { method, address, port } = realServer.destination;
    const connection: Connection = {
      ...freshConnection(flow, realServer),
      server: { address, port: flow.to.port === 0 ? 0 : port },
      method,
      isTemplate: true,
      timeoutSeconds: persistence?.timeoutSeconds ?? 0,
    };
    this.#connections.add(connection);
    return connection;
  }

  #open(
    { onePacket }: Cluster,
    flow: Flow,
    realServer: RealServer,
    port: number,
    { option }: Surroundings,
    template?: Connection,
  ): Connection {
    const { method, address } = realServer.destination;
    const connection: Connection = {
      ...freshConnection(flow, realServer),
      server: { address, port },
      method,
      isOnePacket: onePacket && flow.protocol === PROTOCOL.udp,
      template,
      sawAnswers: method === 'nat',
      usesConntrack: option('conntrack') !== 0,
    };
    this.#connections.add(connection);
    return connection;
  }
}

/** @kernel …/ip_vs_conn.c:ip_vs_conn_new */
function freshConnection({ protocol, from, to }: Flow, realServer: RealServer): Connection {
  return {
    protocol,
    client: from,
    service: to,
    server: to,
    method: 'dr',
    realServer,
    isOnePacket: false,
    isTemplate: false,
    template: undefined,
    controlled: 0,
    tcpState: 'NONE',
    sctpState: 'NONE',
    isActive: false,
    sawAnswers: false,
    timeoutSeconds: 3,
    usesConntrack: false,
    expiresAt: 0,
    queuePlace: -1,
  };
}

function openCluster(service: Service): Cluster {
  const servers = service.destinations.map(openServer).reverse();
  return { ...service, choose: schedulerOf(service.scheduler)(servers, service.schedulerFlags) };
}

function openServer(destination: Destination): RealServer {
  return { destination, activeConnections: 0, inactiveConnections: 0, isOverloaded: false };
}

function choose(cluster: Cluster, packet: Packet): RealServer | undefined {
  return cluster.choose({ client: packet.src, clientPort: sourcePort(packet) ?? 0, dst: packet.dst });
}

const ISAKMP = 500;

/** ESP and AH go where the key exchange went. @kernel net/netfilter/ipvs/ip_vs_proto_ah_esp.c:ah_esp_conn_fill_param_proto */
function flowOf(packet: Packet): Flow {
  const { protocol, src, dst } = packet;
  if (protocol === PROTOCOL.esp || protocol === PROTOCOL.ah) {
    return { protocol: PROTOCOL.udp, from: { address: src, port: ISAKMP }, to: { address: dst, port: ISAKMP } };
  }
  return {
    protocol,
    from: { address: src, port: sourcePort(packet) ?? 0 },
    to: { address: dst, port: destinationPort(packet) ?? 0 },
  };
}

const INIT_CHUNK = 1;
const ABORT_CHUNK = 6;

/** @kernel net/netfilter/ipvs/ip_vs_proto_tcp.c:tcp_conn_schedule, ip_vs_proto_sctp.c:sctp_conn_schedule */
function mayBegin({ transport, protocol }: Packet, { option }: Surroundings): boolean {
  if (transport.kind === 'tcp') {
    return (transport.flags & TCP_FLAG.R) === 0 && ((transport.flags & TCP_FLAG.S) !== 0 || option('sloppy_tcp') !== 0);
  }
  if (transport.kind === 'sctp') {
    return transport.chunk !== ABORT_CHUNK && (transport.chunk === INIT_CHUNK || option('sloppy_sctp') !== 0);
  }
  return protocol === PROTOCOL.udp;
}

type Restart = 'no' | 'with new entry' | 'after the old entry';

/** Whether a packet that begins a connection takes the place of one that is there. */
function restartOf(known: Connection, { transport }: Packet, { option, hasOldEntry }: Surroundings): Restart {
  const begins =
    transport.kind === 'tcp'
      ? (transport.flags & TCP_FLAG.S) !== 0
      : transport.kind === 'sctp' && transport.chunk === INIT_CHUNK;
  if (!begins) return 'no';
  const holdsEntry = known.usesConntrack && hasOldEntry;
  const lostItsServer = option('expire_nodest_conn') !== 0 && known.realServer?.destination.weight === 0;
  const isOver = option('conn_reuse_mode') !== 0 && mayBeReused(known, option('conn_reuse_mode'));
  if (!lostItsServer && !isOver) return 'no';
  if (!holdsEntry) return 'with new entry';
  return !lostItsServer && known.controlled > 0 ? 'no' : 'after the old entry';
}

/** @kernel …:is_new_conn_expected */
function mayBeReused({ template, protocol, tcpState, sctpState, sawAnswers }: Connection, mode: number): boolean {
  if (template) return false;
  if (protocol === PROTOCOL.sctp) return sctpState === 'CLOSED';
  if (protocol !== PROTOCOL.tcp) return false;
  return (
    tcpState === 'TIME_WAIT' || tcpState === 'CLOSE' || ((mode & 2) !== 0 && tcpState === 'FIN_WAIT' && !sawAnswers)
  );
}
