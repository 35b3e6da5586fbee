/**
 * A conntrack entry (`struct nf_conn`) and how a packet is attached to one (`skb->_nfct`).
 *
 * @kernel include/net/netfilter/nf_conntrack.h:nf_conn
 */
import type { Address } from '../net/address';
import type { FlowCounters } from './accounting';
import { EntryRow } from './entry-row';
import type { SctpTracking } from './sctp';
import type { SequenceShift } from './sequence-shift';
import type { Direction } from './tuple';
import type { Zone } from './zone';

/**
 * A conntrack entry, with what only some have. Made by the table ({@link ConntrackTable.open}).
 *
 * Fields are declared and not set: an object has room for what was ever set in it, and most entries have none of these.
 */
export class Entry extends EntryRow {
  /** Absent where flows are not counted. */
  declare counters: FlowCounters | undefined;
  declare labels: Set<number> | undefined;
  declare sctp: SctpTracking | undefined;
  /** Seconds, as they were when the flow began. */
  declare gre: { readonly timeout: number; readonly streamTimeout: number } | undefined;
  declare helper: string | undefined;
  /** What the helper remembers of the connection. */
  declare helperState: object | undefined;
  /** There where a helper changed the length of what a segment carries. */
  declare sequenceShift: SequenceShift | undefined;
  /** Interface that MASQUERADE chose an address for. */
  declare masqueradeDevice: string | undefined;
  /** The entry that announced this one. */
  declare master: Entry | undefined;
  /** Others have it for their master: its row stays when it is gone. */
  declare isMaster: true | undefined;
}

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
