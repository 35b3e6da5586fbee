/**
 * The socket that a packet would reach, whatever address it is sent to.
 *
 * @kernel net/ipv4/netfilter/nf_socket_ipv4.c:nf_sk_lookup_slow_v4, net/ipv6/netfilter/nf_socket_ipv6.c
 */
import type { Attachment } from '../conntrack/entry';
import { type Host, isListening, isTransparent } from '../host/host';
import type { TcpSockets } from '../host/tcp-sockets';
import type { Address } from '../net/address';
import { isLaterFragment, type Packet } from '../net/packet';
import { PROTOCOL } from '../net/protocol';

export interface FoundSocket {
  /** Bound to every address. */
  readonly isWildcard: boolean;
  /** Not only the beginning of a connection. */
  readonly isFull: boolean;
  /** Its process asked for packets to foreign addresses. */
  readonly isTransparent: boolean;
}

interface End {
  readonly address: Address;
  readonly port: number;
}

interface Ends {
  readonly protocol: number;
  readonly remote: End;
  readonly local: End;
}

export function findSocket(
  host: Host,
  sockets: TcpSockets,
  packet: Packet,
  attachment: Attachment | undefined,
): FoundSocket | undefined {
  const ends = endsOf(packet);
  if (ends === undefined) return undefined;
  const { protocol, remote } = ends;
  const local = (packet.family === 'ipv4' ? beforeSourceNat(packet, attachment) : undefined) ?? ends.local;
  const transparent = isTransparent(host, protocol, local.port);
  const state =
    protocol === PROTOCOL.tcp ? sockets.stateOf(remote.address, remote.port, local.address, local.port) : undefined;
  if (state) return { isWildcard: false, isFull: state === 'open', isTransparent: transparent };
  const listens = isListening(host, protocol, local.port);
  return listens ? { isWildcard: true, isFull: true, isTransparent: transparent } : undefined;
}

function endsOf(packet: Packet): Ends | undefined {
  if (isLaterFragment(packet)) return undefined;
  const { transport } = packet;
  if (transport.kind === 'icmp') return transport.inner && endsOfQuoted(transport.inner);
  const { src, dst } = packet;
  return hasSockets(packet)
    ? portsOf(packet, (sport, dport) => ({
        remote: { address: src, port: sport },
        local: { address: dst, port: dport },
      }))
    : undefined;
}

/** An ICMP error quotes a packet that was sent from here. */
function endsOfQuoted(packet: Packet): Ends | undefined {
  const { src, dst } = packet;
  return hasSockets(packet)
    ? portsOf(packet, (sport, dport) => ({
        remote: { address: dst, port: dport },
        local: { address: src, port: sport },
      }))
    : undefined;
}

function hasSockets({ protocol }: Packet): boolean {
  return protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp;
}

function portsOf(
  { transport, protocol }: Packet,
  ends: (sport: number, dport: number) => Omit<Ends, 'protocol'>,
): Ends | undefined {
  if (transport.kind !== 'tcp' && transport.kind !== 'udp') return undefined;
  return { protocol, ...ends(transport.sport, transport.dport) };
}

/** An answer to a flow with a translated source is for the socket that began it. */
function beforeSourceNat({ transport }: Packet, attachment: Attachment | undefined): End | undefined {
  if (attachment?.kind !== 'tracked' || attachment.direction !== 'reply') return undefined;
  const expected = transport.kind === 'icmp' ? 'RELATED' : 'ESTABLISHED';
  const { status, original } = attachment.entry;
  if (attachment.info !== expected || !status.srcNatDone) return undefined;
  return { address: original.src, port: original.sport };
}
