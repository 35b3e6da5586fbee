/**
 * A conntrack entry (`struct nf_conn`) and how a packet is attached to one (`skb->_nfct`).
 *
 * @kernel include/net/netfilter/nf_conntrack.h:nf_conn
 */
import type { Waiting } from '../host/deadlines';
import type { Address } from '../net/address';
import type { FlowCounters } from './accounting';
import type { SctpTracking } from './sctp';
import type { TcpTracking } from './tcp-window';
import type { Direction, Tuple } from './tuple';

export interface Entry extends Waiting {
  /** Never re-used within a simulation. */
  readonly id: number;
  readonly original: Tuple;
  /** What an answer must look like; NAT changes it while the entry is unconfirmed. */
  reply: Tuple;
  readonly zone: Zone;
  readonly status: Status;
  /** Seconds to live until confirmed; then the virtual time, in seconds, at which the entry expires. */
  timeout: number;
  /** Virtual time in seconds at which the first packet was seen. */
  readonly createdAt: number;
  mark: number;
  /** Absent where flows are not counted. */
  counters?: FlowCounters;
  labels?: Set<number>;
  /** There from the start, since most entries have it: a field that is added later takes an array of its own. */
  tcp: TcpTracking | undefined;
  sctp?: SctpTracking;
  /** Seconds, as they were when the flow began. */
  gre?: { readonly timeout: number; readonly streamTimeout: number };
  /** UDP is a stream, and lives longer, once it is still talked to after this virtual time in seconds. */
  streamAfter?: number;
  helper?: string;
  master?: Entry;
  /** Interface that MASQUERADE chose an address for. */
  masqueradeDevice?: string;
}

/** `IPS_*` bits, spelled out. @kernel include/uapi/linux/netfilter/nf_conntrack_common.h */
export interface Status {
  expected: boolean;
  seenReply: boolean;
  assured: boolean;
  confirmed: boolean;
  /** A mapping was really applied, as `--ctstate SNAT` and `DNAT` ask. */
  srcNat: boolean;
  dstNat: boolean;
  /** The decision was taken, null bindings included: nat rules are not asked again. */
  srcNatDone: boolean;
  dstNatDone: boolean;
  dying: boolean;
  fixedTimeout: boolean;
}

/** An entry about which nothing is known but its tuples: unconfirmed, its timeout still to be set. */
export function freshEntry(id: number, original: Tuple, reply: Tuple, zone: Zone, createdAt: number): Entry {
  const status = freshStatus();
  return {
    id,
    original,
    reply,
    zone,
    status,
    timeout: 0,
    dueAt: 0,
    queuePlace: -1,
    createdAt,
    mark: 0,
    tcp: undefined,
  };
}

export function freshStatus(): Status {
  return {
    expected: false,
    seenReply: false,
    assured: false,
    confirmed: false,
    srcNat: false,
    dstNat: false,
    srcNatDone: false,
    dstNatDone: false,
    dying: false,
    fixedTimeout: false,
  };
}

export interface Zone {
  readonly id: number;
  /** The directions in which the zone counts (`CT --zone`, `--zone-orig`, `--zone-reply`). */
  readonly original: boolean;
  readonly reply: boolean;
}

/** The zone that counts in a direction. @kernel include/net/netfilter/nf_conntrack_zones.h:nf_ct_zone_id */
export const ZONE_BY_DIRECTION: Readonly<Record<Direction, (zone: Zone) => number>> = {
  original: (zone) => (zone.original ? zone.id : 0),
  reply: (zone) => (zone.reply ? zone.id : 0),
};

export const DEFAULT_ZONE: Zone = { id: 0, original: true, reply: true };

/** What `-j CT` leaves on a packet for conntrack to read. */
export interface Template {
  readonly zone: Zone;
  readonly helper?: string;
  readonly timeoutPolicy?: string;
}

/** `enum ip_conntrack_info` without its direction. */
export type CtInfo = 'NEW' | 'ESTABLISHED' | 'RELATED';

/** How conntrack sees a packet; undefined on a packet means that it has no entry: INVALID. */
export type Attachment =
  | { readonly kind: 'tracked'; readonly entry: Entry; readonly info: CtInfo; readonly direction: Direction }
  | { readonly kind: 'template'; readonly template: Template }
  | { readonly kind: 'untracked' };

/** The state that `--ctstate` compares. @kernel net/netfilter/xt_conntrack.c:conntrack_mt */
export type CtState = CtInfo | 'INVALID' | 'UNTRACKED';

export function ctState(attachment: Attachment | undefined): CtState {
  if (attachment === undefined) return 'INVALID';
  if (attachment.kind === 'tracked') return attachment.info;
  // A template is an entry whose packet has IP_CT_NEW (net/netfilter/xt_CT.c:xt_ct_set_target).
  return attachment.kind === 'untracked' ? 'UNTRACKED' : 'NEW';
}

/** A range that NAT may choose from. @kernel include/uapi/linux/netfilter/nf_nat.h:nf_nat_range2 */
export interface NatRange {
  /** Absent: keep the address. */
  readonly addresses?: { readonly min: Address; readonly max: Address };
  /** Absent: keep the port where it is free. ICMP ids count as ports. */
  readonly ports?: { readonly min: number; readonly max: number; readonly base?: number };
  /** NETMAP: the host bits of the address are kept. */
  readonly netmap?: boolean;
  readonly random?: boolean;
  readonly fullyRandom?: boolean;
  readonly persistent?: boolean;
}
