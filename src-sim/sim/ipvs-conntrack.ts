/**
 * What IPVS does to the conntrack entries of its packets.
 *
 * @kernel net/netfilter/ipvs/ip_vs_nfct.c, include/net/ip_vs.h:ip_vs_notrack
 */
import type { Connection } from '../ipvs/connection';
import { tracked } from '../nat/nat';
import type { Hook } from '../netfilter/hook';
import type { InFlight } from './in-flight';
import type { Machine } from './machine';

/** A packet goes to a real server (`out`) or comes from one (`back`). */
export function settleEntry(flight: InFlight, hook: Hook, connection: Connection, way: 'out' | 'back'): void {
  if (!connection.usesConntrack) takeOutOfConntrack(flight, hook);
  else if (connection.method === 'nat' && !connection.isOnePacket) expectAnswer(flight, connection, way);
}

/** net.ipv4.vs.conntrack=0. A packet without an entry stays INVALID. @kernel include/net/ip_vs.h:ip_vs_notrack */
export function takeOutOfConntrack(flight: InFlight, hook: Hook): void {
  if (tracked(flight.attachment) === undefined) return;
  flight.attachment = { kind: 'untracked' };
  const text = 'IPVS takes the packet out of conntrack: UNTRACKED from here, and its entry is never confirmed';
  flight.story.steps?.push({ kind: 'ipvs', hook, text });
}

/** net.ipv4.vs.conntrack=1: a new entry is answered by the real server. @kernel net/netfilter/ipvs/ip_vs_nfct.c:ip_vs_update_conntrack */
function expectAnswer({ attachment, packet }: InFlight, { server, service }: Connection, way: 'out' | 'back'): void {
  const { entry, direction } = tracked(attachment) ?? {};
  if (entry === undefined || direction === 'reply' || entry.status.confirmed || entry.status.dying) return;
  const isMessage = packet.transport.kind === 'icmp';
  if (way === 'out') {
    entry.reply = { ...entry.reply, src: server.address, ...(isMessage ? {} : { sport: server.port }) };
  } else {
    entry.reply = { ...entry.reply, dst: service.address, ...(isMessage ? {} : { dport: service.port }) };
  }
}

/** Connections whose time is over go, and their entries with them. @kernel net/netfilter/ipvs/ip_vs_nfct.c:ip_vs_conn_drop_conntrack */
export function giveConnectionsUp({ director, table, now }: Machine): void {
  for (const { usesConntrack, protocol, client, service } of director?.removeExpired(now) ?? []) {
    if (!usesConntrack || client.port === 0) continue;
    const ends = { src: client.address, dst: service.address, sport: client.port, dport: service.port };
    const found = table.find({ protocol, ...ends }, 0, now);
    if (found) table.remove(found.entry);
  }
}
