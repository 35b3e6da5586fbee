/**
 * What a match or a target may ask of the machine around it. The simulator implements it (sim/passage.ts); a match
 * never holds state of its own: what `limit` or `recent` remember lives here.
 */
import type { Attachment, Entry, NatRange, Template } from '../conntrack/entry';
import type { Tuple } from '../conntrack/tuple';
import type { Zone } from '../conntrack/zone';
import type { IpSets } from '../host/ipset';
import type { ReversePathChoices } from '../host/reverse-path';
import type { Sender } from '../host/sender';
import type { Address, Family } from '../net/address';
import type { Packet } from '../net/packet';
import type { Hook, TableName } from '../netfilter/hook';
import type { FoundSocket } from './socket-lookup';

export type AddressType =
  | 'UNSPEC'
  | 'UNICAST'
  | 'LOCAL'
  | 'BROADCAST'
  | 'ANYCAST'
  | 'MULTICAST'
  | 'BLACKHOLE'
  | 'UNREACHABLE'
  | 'PROHIBIT';

/** The ports of a bridge by which a packet came in and leaves. */
export interface BridgePorts {
  readonly in: string | undefined;
  readonly out: string | undefined;
}

/** What `-m ipvs` asks of a connection. */
export interface DirectedConnection {
  /** The service's. */
  readonly address: Address;
  readonly port: number;
  readonly method: 'GATE' | 'IPIP' | 'MASQ';
  /** Port of the service of the connection, or of the template, that controls it. */
  readonly controlPort: number | undefined;
}

export interface World {
  readonly family: Family;
  readonly hook: Hook;
  readonly table: TableName;
  /** Virtual time in seconds since the scenario began. */
  readonly now: number;
  /** The time of day, in seconds since 1970; undefined where the scenario does not say when it begins. */
  readonly instant: number | undefined;
  /** Device the packet came in by, as `-i` sees it; undefined where there is none (OUTPUT, POSTROUTING). */
  readonly inDevice: string | undefined;
  /** Device it will leave by, as `-o` sees it; undefined before routing. */
  readonly outDevice: string | undefined;
  readonly mark: number;
  /** @kernel net/netfilter/xt_socket.c:socket_match, the only match that changes it */
  setMark(mark: number): void;
  /** How conntrack sees the packet; undefined: no entry, INVALID. */
  readonly conntrack: Attachment | undefined;
  /** Link-layer source of a packet that came in by an Ethernet device, `02:00:00:00:00:02`. */
  readonly macSource: string | undefined;
  readonly macDestination: string | undefined;
  /** IPVS sends the packet on. */
  readonly isFromIpvs: boolean;
  /** The connection of IPVS whose request the packet is, on its way to the real server. */
  findDirected(packet: Packet): DirectedConnection | undefined;
  /** The socket of this host that sends the packet; undefined: none does. */
  readonly sender: Sender | undefined;
  /** How the link layer addressed it. */
  readonly packetType: 'unicast' | 'broadcast' | 'multicast' | 'loopback';
  /** Absent where no bridge carries the packet. @kernel include/linux/skbuff.h:nf_bridge_info */
  readonly bridgePorts: BridgePorts | undefined;
  /** Undefined where nobody said which sets the host has. */
  readonly ipsets: IpSets | undefined;
  /** Seconds until the packet's conntrack entry expires. */
  conntrackExpires(): number;
  /** A frame to a group of hosts counts as one to this host. @kernel net/netfilter/xt_cluster.c:xt_cluster_mt */
  takeAsUnicast(): void;
  /** The type of an address in the main routing table, as `addrtype` asks; with a device, as seen from there. */
  addressType(address: Address, device?: string): AddressType;
  /** The socket of this host that the packet would reach, whatever address it is sent to. */
  findSocket(packet: Packet): FoundSocket | undefined;
  /** Whether a transparent proxy listens on the port. */
  hasProxy(protocol: number, port: number): boolean;
  /** Whether the answer to a packet that came in would leave by the same interface. */
  reversePathHolds(packet: Packet, choices: ReversePathChoices): boolean;
  /** The entry in the table with this tuple, as either of its two. @kernel nf_conntrack_core.c:nf_conntrack_find_get */
  findConntrack(tuple: Tuple, zone: Zone): Entry | undefined;
  /**
   * State that belongs to the rule being tested, made on first use (limit, quota, statistic).
   * @param given the options of the match that asks: a rule may have several matches with state
   */
  matchState<T extends object>(given: object, initial: () => T): T;
  /** State shared by name between rules (recent, hashlimit, connlimit). */
  sharedState<T extends object>(kind: string, name: string, initial: () => T): T;
  /** A seeded number in [0, 1). */
  random(): number;
}

/** What loading a rule may ask, and what it may make: state that several rules share. */
export interface LoadWorld extends Pick<World, 'sharedState' | 'family' | 'ipsets'> {
  /** Conntrack counts packets and bytes from here on. @kernel net/netfilter/xt_connbytes.c:connbytes_mt_check */
  countFlows(): void;
  /** Fragments are put together before the table raw. @kernel net/netfilter/xt_socket.c:socket_mt_enable_defrag */
  gatherFragments(): void;
}

/** What a target may do besides answering with a verdict. */
export interface TargetWorld extends World {
  /** Takes the packet out of conntrack. @kernel net/netfilter/xt_CT.c:notrack_tg */
  setUntracked(): void;
  /** @kernel net/netfilter/xt_CT.c:xt_ct_target */
  setTemplate(template: Template): void;
  /** Binds the packet's flow; 'DROP' where no mapping is possible. @kernel nf_nat_core.c:nf_nat_setup_info */
  setUpNat(manip: 'src' | 'dst', range: NatRange): 'ACCEPT' | 'DROP';
  /**
   * The address REDIRECT takes on the packet's way in.
   * @param isLinkLocal only one of the link will do
   */
  redirectAddress(device: string, isLinkLocal: boolean): Address | undefined;
  /** The address MASQUERADE takes on its way out. */
  sourceAddress(device: string): Address | undefined;
  /** Sends REJECT's answer, and lets it walk its own way. */
  reject(type: string): void;
  /** Sends a copy of the packet to another host of the network. */
  duplicate(gateway: Address, device: string | undefined): void;
  /** Sends a packet of the host's own that answers this one's flow. */
  answer(packet: Packet, what: string): void;
  /** Hands the packet to a transparent proxy that listens on a port of this host. @kernel net/netfilter/xt_TPROXY.c */
  assignSocket(port: number): void;
  /** A line for the kernel log, as LOG and NFLOG would write it. */
  log(line: string): void;
}
