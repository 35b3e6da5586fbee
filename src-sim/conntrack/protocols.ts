/**
 * The trackers of all protocols but TCP: how long an entry lives, and what cannot begin one.
 *
 * @kernel net/netfilter/nf_conntrack_core.c:nf_conntrack_handle_packet
 */
import type { Packet } from '../net/packet';
import { PROTOCOL, protocolName } from '../net/protocol';
import type { Entry } from './entry';
import { trackSctp } from './sctp';
import type { Settings } from './settings';
import { trackTcp } from './tcp';
import { protocolTimeout } from './timeouts';
import type { Tracked } from './tracked';
import { type Direction, icmpTypeOf } from './tuple';

export interface Tracking extends Settings {
  readonly direction: Direction;
  readonly now: number;
  /** Only there are checksums verified. */
  readonly isPrerouting: boolean;
}

export function trackProtocol(
  entry: Entry,
  packet: Pick<Packet, 'protocol' | 'transport'>,
  tracking: Tracking,
): Tracked {
  const { transport } = packet;
  if (transport.kind === 'tcp') {
    return trackTcp(entry, transport, tracking.direction, tracking, entry.timeout - tracking.now);
  }
  if (transport.kind === 'sctp') return trackSctp(entry, transport, tracking.direction, tracking.sysctl);
  switch (packet.protocol) {
    case PROTOCOL.udp:
      return trackUdp(entry, tracking);
    case PROTOCOL.udplite:
      return trackUdpLite(entry, tracking);
    case PROTOCOL.gre:
      return trackGre(entry, tracking);
    case PROTOCOL.icmp:
      return trackIcmp(entry, ICMP_REQUESTS, 'icmp_timeout', tracking);
    case PROTOCOL.icmpv6:
      return trackIcmp(entry, ICMPV6_REQUESTS, 'icmpv6_timeout', tracking);
    case PROTOCOL.dccp:
      return tracking.kernel.dccpIsGeneric ? trackGeneric(packet, tracking) : NO_DCCP_HEADER;
    default:
      return trackGeneric(packet, tracking);
  }
}

function trackGeneric(packet: Pick<Packet, 'protocol'>, { sysctl }: Tracking): Tracked {
  const timeout = protocolTimeout(sysctl, 'generic_timeout');
  return { kind: 'accepted', text: protocolName(packet.protocol), timeout };
}

/** Packets here hold no DCCP header. @kernel net/netfilter/nf_conntrack_proto_dccp.c:nf_conntrack_dccp_packet */
const NO_DCCP_HEADER: Tracked = { kind: 'invalid', text: 'it has no whole DCCP header' };

/** Seconds after which a talk both ways counts as a stream. @kernel …_udp.c:nf_conntrack_udp_packet */
const STREAM_AFTER = 2;

function trackUdp(entry: Entry, tracking: Tracking): Tracked {
  const { now, sysctl, kernel } = tracking;
  if (!kernel.udpStreamAfterTwoSeconds) return trackUdpLike(entry, 'udp', tracking);
  if (!entry.status.confirmed) entry.streamAfter = now + STREAM_AFTER;
  const unreplied = protocolTimeout(sysctl, 'udp_timeout');
  if (!entry.status.seenReply) return { kind: 'accepted', text: 'udp', timeout: unreplied };
  const isStream = now > entry.streamAfter;
  if (isStream || !kernel.udpAssuredAsStream) entry.status.assured = true;
  if (!isStream) return { kind: 'accepted', text: 'udp, both ways', timeout: unreplied };
  return { kind: 'accepted', text: 'udp, a stream', timeout: protocolTimeout(sysctl, 'udp_timeout_stream') };
}

/**
 * Asked of a 6.18 kernel: whatever its coverage, an arriving datagram with a right checksum fails nf_checksum_partial,
 * unless net.netfilter.nf_conntrack_checksum is 0.
 */
function trackUdpLite(entry: Entry, tracking: Tracking): Tracked {
  const verified = tracking.isPrerouting && tracking.sysctl.get('net.netfilter.nf_conntrack_checksum') !== 0;
  if (verified)
    return { kind: 'invalid', text: "conntrack's check of UDP-Lite checksums fails for every arriving datagram" };
  return trackUdpLike(entry, 'udplite', tracking);
}

/** A stream as soon as it is answered. @kernel net/netfilter/nf_conntrack_proto_udp.c:nf_conntrack_udplite_packet */
function trackUdpLike(entry: Entry, name: string, { sysctl }: Tracking): Tracked {
  if (!entry.status.seenReply) {
    return { kind: 'accepted', text: name, timeout: protocolTimeout(sysctl, 'udp_timeout') };
  }
  entry.status.assured = true;
  return { kind: 'accepted', text: `${name}, both ways`, timeout: protocolTimeout(sysctl, 'udp_timeout_stream') };
}

/** @kernel net/netfilter/nf_conntrack_proto_gre.c:nf_conntrack_gre_packet */
function trackGre(entry: Entry, { sysctl }: Tracking): Tracked {
  entry.gre ??= {
    timeout: protocolTimeout(sysctl, 'gre_timeout'),
    streamTimeout: protocolTimeout(sysctl, 'gre_timeout_stream'),
  };
  if (!entry.status.seenReply) return { kind: 'accepted', text: 'gre', timeout: entry.gre.timeout };
  entry.status.assured = true;
  return { kind: 'accepted', text: 'gre, both ways', timeout: entry.gre.streamTimeout };
}

/** Types that may begin an entry. @kernel net/netfilter/nf_conntrack_proto_icmp.c, …_icmpv6.c:valid_new */
const ICMP_REQUESTS: ReadonlySet<number> = new Set([8, 13, 15, 17]);
const ICMPV6_REQUESTS: ReadonlySet<number> = new Set([128, 139]);

function trackIcmp(entry: Entry, requests: ReadonlySet<number>, timeout: string, { sysctl }: Tracking): Tracked {
  const type = icmpTypeOf(entry.original);
  if (!requests.has(type))
    return { kind: 'invalid', text: `ICMP type ${type} answers nothing that was seen, and begins nothing` };
  return { kind: 'accepted', text: 'icmp', timeout: protocolTimeout(sysctl, timeout) };
}
