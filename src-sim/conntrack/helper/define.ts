/**
 * A helper reads a connection along, and expects the connections that it announces.
 *
 * @kernel include/net/netfilter/nf_conntrack_helper.h:nf_conntrack_helper
 */
import type { Address, Family } from '../../net/address';
import type { Packet } from '../../net/packet';
import type { CtInfo, Entry } from '../entry';
import type { SourceMask } from '../expectation';
import type { Direction, Tuple } from '../tuple';

export interface Helper {
  readonly name: string;
  readonly families: readonly Family[];
  readonly protocols: readonly number[];
  /** The port of its service. */
  readonly port: number;
  readonly summary: string;
  readonly kernel: string;
  readonly policy: ExpectationPolicy;
  read(packet: Packet, flow: HelpedFlow): HelperAnswer;
}

export interface ExpectationPolicy {
  /** Expectations that one connection may have; 0: any number. */
  readonly most: number;
  readonly timeoutSeconds: number;
}

export interface HelpedFlow {
  readonly entry: Entry;
  readonly info: CtInfo;
  readonly direction: Direction;
  /** Netmask of the subnet whose broadcast address a local process sends to. */
  readonly broadcastMask: Address | undefined;
}

export type HelperAnswer =
  | { readonly kind: 'nothing' }
  /** A command that goes on in the next segment cannot be followed: the sender shall send it again, whole. */
  | { readonly kind: 'drop'; readonly text: string }
  | {
      readonly kind: 'expects';
      readonly announced: readonly Announcement[];
      /** Seconds that the connection itself lives from now. */
      readonly refreshSeconds?: number;
      /** What is announced is not needed: the packet goes on though it cannot be expected. */
      readonly optional?: true;
    }
  /** What it says is not understood here. */
  | { readonly kind: 'unsure'; readonly reason: string };

export const NOTHING: HelperAnswer = { kind: 'nothing' };

/** A connection that will come. */
export interface Announcement {
  readonly tuple: Tuple;
  readonly mask: SourceMask;
  readonly permanent?: true;
  /** How NAT deals with it, where the connection that announces it is translated. */
  readonly nat?: AnnouncedNat;
}

export interface AnnouncedNat {
  /** Direction in which the connection will come, as the master's directions go. */
  readonly direction: Direction;
  /** Port at which the host behind NAT waits; absent: the announced one. */
  readonly port?: number;
  /** Where the payload names address and port, in bytes, and how it writes others there; absent: it does not. */
  readonly place?: { readonly at: number; readonly length: number; write(address: Address, port: number): string };
}

/** A mask that lets any source through, or one host only. */
export function anySource(family: Family): SourceMask {
  return { address: family === 'ipv4' ? '0.0.0.0' : '::', port: false };
}

export function oneHost(family: Family): SourceMask {
  return { address: family === 'ipv4' ? '255.255.255.255' : 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', port: false };
}

/** What a packet carries behind its transport header, one character a byte; undefined where it carries nothing. */
export function payloadText({ transport, payload }: Packet): string | undefined {
  if (transport.kind !== 'tcp' && transport.kind !== 'udp') return undefined;
  if (transport.dataLength <= 0) return undefined;
  return payload ?? 'x'.repeat(transport.dataLength);
}

/** What a helper remembers of a connection; each entry has one helper. */
export function remembered<State extends object>({ entry }: HelpedFlow, initial: () => State): State {
  entry.helperState ??= initial();
  return entry.helperState as State;
}

export function isEstablished({ info }: HelpedFlow): boolean {
  return info === 'ESTABLISHED';
}
