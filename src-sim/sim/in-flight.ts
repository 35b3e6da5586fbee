/** A packet on its way through the host: its bytes, and what the kernel keeps beside them (`struct sk_buff`). */
import type { Attachment } from '../conntrack/entry';
import type { TrackAnswer } from '../conntrack/track';
import type { FrameType } from '../ebt/world';
import type { Route } from '../host/routing';
import type { Sender } from '../host/sender';
import type { Packet } from '../net/packet';
import type { BridgePorts } from '../xt/world';
import type { PacketFate, Step } from './trace';

export interface InFlight {
  packet: Packet;
  mark: number;
  /** How conntrack sees it; undefined: not at all, or INVALID. */
  attachment: Attachment | undefined;
  /** Device it arrived at; undefined: made on this host. */
  inDevice: string | undefined;
  /** Device it leaves by, once routed. */
  outDevice: string | undefined;
  route: Route | undefined;
  /** `loopback`: what this host sent to everybody, and heard itself. */
  packetType: 'unicast' | 'broadcast' | 'multicast' | 'otherhost' | 'loopback';
  macSource: string | undefined;
  macDestination: string | undefined;
  /** How the frame is addressed, while a bridge carries it. */
  frameType?: FrameType | undefined;
  /**
   * The device that an IPv6 error's source address is chosen from, where that is not the one it came in by; '': none.
   *
   * @kernel net/ipv6/ip6_input.c:ip6_rcv_core (IP6CB(skb)->iif), net/bridge/br_netfilter_ipv6.c:br_validate_ipv6
   */
  heardBy?: string | undefined;
  /** Ports of the bridge that carries it. */
  bridgePorts: BridgePorts | undefined;
  /** The socket that sends it; undefined: none of this host's. */
  sender: Sender | undefined;
  /** Whether IPVS sends it on. @kernel include/linux/skbuff.h:ipvs_property */
  isFromIpvs: boolean;
  /** Port of the transparent proxy that TPROXY handed it to. */
  assignedPort: number | undefined;
  /** What conntrack said of it, where it was asked before the packet set out. */
  tracked?: TrackAnswer | undefined;
  /** What the simulation tells of it. */
  readonly story: Story;
}

/** A line of TRACE's: `table:chain:rule:number`, and the packet as it was then. */
export interface LogLine {
  readonly text: string;
  readonly packet: Packet;
}

/** What happened to one packet, in order. */
export interface Story {
  /** How the packet looked when it set out, and why the host made it ("" for a packet of the scenario). */
  readonly packet: Packet;
  readonly what: string;
  /** What TRACE would log of it; undefined where nobody will ask. */
  readonly log: LogLine[] | undefined;
  /** A copy of TEE's: the log is that of the packet it was made of, since its lines show both as one. */
  readonly isCopy?: true;
  /** Whether it passed raw before: TRACE logs it from then on. */
  isTraced: boolean;
  /** Undefined where nobody will ask. */
  readonly steps: Step[] | undefined;
  fate: PacketFate;
}

/** @param isTold whether its steps are kept */
export function beginStory(packet: Packet, what: string, isTold: boolean): Story {
  return {
    packet,
    what,
    log: isTold ? [] : undefined,
    isTraced: false,
    steps: isTold ? [] : undefined,
    fate: { kind: 'held', reason: 'its way has not ended' },
  };
}

/** A packet that the host makes: nothing is known of it yet but its bytes. */
export function ownPacket(packet: Packet, story: Story, sender: Sender | undefined): InFlight {
  return {
    packet,
    mark: 0,
    attachment: undefined,
    inDevice: undefined,
    outDevice: undefined,
    route: undefined,
    packetType: 'unicast',
    macSource: undefined,
    macDestination: undefined,
    bridgePorts: undefined,
    sender,
    isFromIpvs: false,
    assignedPort: undefined,
    story,
  };
}

export function endStory(flight: InFlight, fate: PacketFate): void {
  flight.story.fate = fate;
  flight.story.steps?.push({ kind: 'end', fate });
}
