/**
 * The connections of a director: found by what comes in and by what answers, and given up in time.
 *
 * @kernel net/netfilter/ipvs/ip_vs_conn.c
 */
import { Deadlines, OWN_PLACES } from '../host/deadlines';
import { bind, type Connection, unbind } from './connection';
import type { Endpoint } from './service';

/** Protocol and both ends of a packet, as they stand in its headers. */
export interface Flow {
  readonly protocol: number;
  readonly from: Endpoint;
  readonly to: Endpoint;
}

/** A template that still has connections when its time is over stays for so many seconds more. */
const LONGER_SECONDS = 60;

export class ConnectionTable {
  /** The latest first, as they stand in the kernel's chains: an old one may be there while a new one takes its place. */
  readonly #incoming = new Map<string, Connection[]>();
  readonly #answering = new Map<string, Connection[]>();
  readonly #templates = new Map<string, Connection[]>();
  readonly #expiry = new Deadlines<Connection>(OWN_PLACES);

  /** The connection of a client's packet. @kernel …:ip_vs_conn_in_get */
  incoming({ protocol, from, to }: Flow): Connection | undefined {
    // A client's port 0 stands for one that is not known yet.
    return from.port === 0 ? undefined : this.#incoming.get(keyOf(protocol, from, to))?.[0];
  }

  /** The connection that a packet answers. @kernel …:ip_vs_conn_out_get */
  answered({ protocol, from, to }: Flow): Connection | undefined {
    return this.#answering.get(keyOf(protocol, to, from))?.[0];
  }

  /** @kernel …:ip_vs_ct_in_get */
  template(protocol: number, client: Endpoint, service: Endpoint): Connection | undefined {
    return this.#templates.get(keyOf(protocol, client, service))?.[0];
  }

  /** @kernel …:ip_vs_conn_new, ip_vs_conn_hash */
  add(connection: Connection): void {
    bind(connection);
    if (connection.isOnePacket) return;
    for (const [connections, key] of this.#places(connection)) {
      connections.set(key, [connection, ...(connections.get(key) ?? [])]);
    }
  }

  /** Its time begins anew; a datagram on its own is done with. @kernel …:ip_vs_conn_put */
  restartTimer(connection: Connection, now: number): void {
    if (connection.isOnePacket) unbind(connection);
    else this.#expireAt(connection, now + connection.timeoutSeconds);
  }

  /** It goes when the packet has gone. @kernel …:ip_vs_conn_expire_now */
  expireNow(connection: Connection, now: number): void {
    this.#expireAt(connection, now);
  }

  /** Takes out what is over by then, and tells what that was. @kernel …:ip_vs_conn_expire */
  removeExpired(now: number): readonly Connection[] {
    const gone: Connection[] = [];
    for (let due = this.#expiry.due(now); due !== undefined; due = this.#expiry.due(now)) {
      if (due.controlled > 0) {
        due.timeoutSeconds = LONGER_SECONDS;
        this.#expireAt(due, due.expiresAt + LONGER_SECONDS);
        continue;
      }
      this.#expiry.delete(due);
      this.#remove(due);
      unbind(due);
      gone.push(due);
    }
    return gone;
  }

  #expireAt(connection: Connection, time: number): void {
    connection.expiresAt = time;
    this.#expiry.set(connection, time);
  }

  #remove(connection: Connection): void {
    for (const [connections, key] of this.#places(connection)) {
      const others = (connections.get(key) ?? []).filter((other) => other !== connection);
      if (others.length > 0) connections.set(key, others);
      else connections.delete(key);
    }
  }

  #places(connection: Connection): readonly (readonly [Map<string, Connection[]>, string])[] {
    const { protocol, client, service, server, method, isTemplate } = connection;
    const asked = keyOf(protocol, client, service);
    if (isTemplate) return [[this.#templates, asked]];
    return [
      [this.#incoming, asked],
      [this.#answering, keyOf(protocol, client, method === 'nat' ? server : service)],
    ];
  }
}

function keyOf(protocol: number, a: Endpoint, b: Endpoint): string {
  return `${protocol} ${a.address} ${a.port} ${b.address} ${b.port}`;
}
