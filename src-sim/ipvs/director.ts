/**
 * IPVS's part of a packet's way: which real server gets it.
 *
 * @kernel net/netfilter/ipvs/ip_vs_core.c:ip_vs_in_hook, ip_vs_schedule
 * @deviates connections do not time out, and every scheduler chooses as rr does.
 */
import { destinationPort, type Packet, sourcePort, TCP_FLAG } from '../net/packet';
import { type Destination, type Endpoint, parseServices, type Service } from './service';

export type DirectorAnswer =
  /** IPVS leaves the packet to the host. */
  | { readonly kind: 'not mine' }
  | { readonly kind: 'forward'; readonly destination: Destination; readonly isNew: boolean }
  | { readonly kind: 'no server' };

export class Director {
  readonly #services: readonly Service[];
  /** Real servers of connections, by client and service. */
  readonly #connections = new Map<string, Connection>();
  /** The same, by what answers them. */
  readonly #answers = new Map<string, Connection>();
  readonly #turn = new Map<Service, number>();

  /** @param text what `ipvsadm -S -n` prints */
  constructor(text: string) {
    this.#services = parseServices(text);
  }

  decide(packet: Packet, mark: number): DirectorAnswer {
    const key = connectionKey(packet);
    const known = this.#connections.get(key);
    if (known) return { kind: 'forward', destination: known.destination, isNew: false };
    const service = this.#services.find((candidate) => answersFor(candidate, packet, mark));
    if (service === undefined || !mayBegin(packet)) return { kind: 'not mine' };
    const destination = this.#next(service);
    if (destination === undefined) return { kind: 'no server' };
    const port = destinationPort(packet) ?? 0;
    const connection: Connection = {
      destination: destination.port === 0 ? { ...destination, port } : destination,
      service: { address: packet.dst, port },
    };
    this.#connections.set(key, connection);
    this.#answers.set(answerKey(packet, connection), connection);
    return { kind: 'forward', destination: connection.destination, isNew: true };
  }

  /**
   * The connection that a packet answers: as a real server does behind NAT, or the host itself from the service's
   * address.
   *
   * @kernel net/netfilter/ipvs/ip_vs_conn.c:ip_vs_conn_out_get, ip_vs_core.c:ip_vs_out_icmp
   */
  answered(packet: Packet): Connection | undefined {
    const { transport } = packet;
    if (transport.kind !== 'icmp') return this.#answers.get(answeredKey(packet));
    return transport.inner && this.#connections.get(connectionKey(transport.inner));
  }

  /** Round robin over servers that have a weight, the last added first. @kernel net/netfilter/ipvs/ip_vs_rr.c:ip_vs_rr_schedule */
  #next(service: Service): Destination | undefined {
    const able = service.destinations.filter(({ weight }) => weight > 0).reverse();
    const turn = this.#turn.get(service) ?? 0;
    this.#turn.set(service, turn + 1);
    return able[turn % Math.max(1, able.length)];
  }
}

export interface Connection {
  readonly destination: Destination;
  readonly service: Endpoint;
}

/** Protocol, client and who answers it. */
function answerKey(packet: Packet, { destination, service }: Connection): string {
  const { address, port } = destination.method === 'nat' ? destination : service;
  return `${packet.protocol} ${packet.src} ${sourcePort(packet)} ${address} ${port}`;
}

/** Protocol, client and service. */
function connectionKey(packet: Packet): string {
  return `${packet.protocol} ${packet.src} ${sourcePort(packet)} ${packet.dst} ${destinationPort(packet)}`;
}

/** The key of the connection that a packet answers. */
function answeredKey(packet: Packet): string {
  return `${packet.protocol} ${packet.dst} ${destinationPort(packet)} ${packet.src} ${sourcePort(packet)}`;
}

function answersFor({ virtual }: Service, packet: Packet, mark: number): boolean {
  if (virtual.kind === 'mark') return mark !== 0 && virtual.mark === mark;
  const { protocol, address, port } = virtual;
  return protocol === packet.protocol && address === packet.dst && (port === 0 || port === destinationPort(packet));
}

/** A TCP connection begins with a SYN. @kernel net/netfilter/ipvs/ip_vs_proto_tcp.c:tcp_conn_schedule */
function mayBegin({ transport }: Packet): boolean {
  if (transport.kind === 'tcp') return (transport.flags & TCP_FLAG.S) !== 0 && (transport.flags & TCP_FLAG.R) === 0;
  return transport.kind === 'udp';
}
