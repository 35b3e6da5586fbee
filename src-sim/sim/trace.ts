/**
 * The simulator's answer. The first fields are the contract's, equal to what the kernel's TRACE target, the wire,
 * /proc/net/nf_conntrack and iptables-save -c would say; `steps`, `fate` and `changes` explain them.
 */
import type { CtState } from '../conntrack/entry';
import type { Address } from '../net/address';
import type { BridgeChainName, BridgeTableName, Hook, TableName } from '../netfilter/hook';
import type { Undecided } from './undecided';

export interface Result {
  readonly load: { readonly ok: boolean; readonly error: string };
  readonly packets: readonly PacketResult[];
  /** `filter:FORWARD:2` or `filter:FORWARD:policy` → packets, bytes. */
  readonly counters: { readonly [place: string]: readonly [packets: number, bytes: number] };
  /** The same of the rules of ebtables, where the host has it. */
  readonly ebtables?: { readonly [place: string]: readonly [packets: number, bytes: number] };
}

export interface PacketResult {
  /** `table:chain:rule|return|policy:number`, in order. */
  readonly trace: readonly string[];
  /** As TRACE tells them: see {@link CausedPacket}. */
  readonly caused: readonly CausedPacket[];
  readonly out: readonly Frame[];
  /** The whole table after the packet, as /proc/net/nf_conntrack prints it. */
  readonly conntrack: readonly string[];
  /** Connections that helpers expect after the packet, as /proc/net/nf_conntrack_expect prints them. */
  readonly expectations: readonly string[];
  /** Everything that happened to the packet, in order. */
  readonly steps: readonly Step[];
  /** Where it ended. */
  readonly fate: Fate;
  /** Virtual time in seconds at which it was seen. */
  readonly time: number;
  /** What the simulator could not decide, and what it took instead. */
  readonly unsure: readonly Undecided[];
  /** Every packet that the host made because of this one, in order, each with its whole story. */
  readonly made: readonly MadePacket[];
}

/**
 * A packet that the host made because of another one, as the kernel's log shows it: one that no table saw is not there,
 * and those that the log cannot tell apart (by IP id, protocol, length and ICMP type) are one.
 */
export interface CausedPacket {
  readonly src: Address;
  readonly dst: Address;
  /** As TRACE prints it: `TCP`, `UDP`, `ICMP`, `ICMPv6`, or a number. */
  readonly proto: string;
  readonly trace: readonly string[];
}

export interface MadePacket extends CausedPacket {
  readonly steps: readonly Step[];
  readonly fate: Fate;
  /** "REJECT's ICMP port unreachable", "RST: nobody listens on the port". */
  readonly what: string;
}

/** A frame that left the host. */
export interface Frame {
  readonly dev: string;
  readonly src: Address;
  readonly dst: Address;
  readonly proto: number;
  readonly ttl: number;
  readonly tos: number;
  readonly len: number;
  readonly sport?: number;
  readonly dport?: number;
  readonly flags?: string;
  /** TCP's numbers: who answers the frame needs them. */
  readonly seq?: number;
  readonly ack?: number;
  readonly icmp?: { readonly type: number; readonly code: number; readonly id?: number };
  readonly frag?: { readonly offset: number; readonly more: boolean };
}

/** A packet's, or that of a command, which is no packet: `text` is what it said. */
export type Fate = PacketFate | { readonly kind: 'done'; readonly text: string };

/** Where a packet's way ended. */
export type PacketFate =
  | { readonly kind: 'sent'; readonly device: string }
  | { readonly kind: 'delivered'; readonly to: string }
  /** `where` is a place of the trace (`filter:INPUT:policy:3`) or a part of the stack ("routing"). */
  | { readonly kind: 'dropped' | 'rejected'; readonly where: string; readonly reason: string }
  | { readonly kind: 'held'; readonly reason: string };

/** Where in the ruleset a step happened. */
export interface RulePlace {
  readonly hook: Hook;
  readonly table: TableName;
  readonly chain: string;
  /** From 1, as `iptables -L --line-numbers` counts. */
  readonly number: number;
  /** 0-based line of the ruleset's text; absent for a policy without a line. */
  readonly line?: number;
}

/** Where in the ruleset of ebtables a step happened. */
export interface BridgeStepPlace {
  readonly bridgeHook: BridgeChainName;
  readonly bridgeTable: BridgeTableName;
  readonly chain: string;
  /** From 1; one past the last rule for a policy. */
  readonly number: number;
  /** The line of the rule; empty for a policy. */
  readonly text: string;
}

export type Step =
  /** A rule that was tested. `verdict`: ACCEPT, DROP, `jump CHAIN`, the target's name, or '' for a rule without one. */
  | ({ readonly kind: 'rule'; readonly matched: true; readonly verdict: string; readonly detail?: string } & RulePlace)
  /** `option` is the conjunct that failed, as the rule spells it; `saw` is what the packet has. */
  | ({ readonly kind: 'rule'; readonly matched: false; readonly option: string; readonly saw: string } & RulePlace)
  | ({ readonly kind: 'policy'; readonly verdict: string } & RulePlace)
  | ({ readonly kind: 'return' } & RulePlace)
  | {
      readonly kind: 'conntrack';
      readonly hook: Hook;
      readonly state: CtState;
      /** What happened to the entry: `created`, `updated`, `unchanged`, `none`, … */
      readonly change: 'created' | 'updated' | 'unchanged' | 'destroyed' | 'none';
      readonly text: string;
    }
  | {
      readonly kind: 'confirm';
      readonly hook: Hook;
      readonly change: 'confirmed' | 'already' | 'clash' | 'none';
      readonly text: string;
    }
  | {
      readonly kind: 'nat';
      readonly hook: Hook;
      readonly change: 'bound' | 'null' | 'applied' | 'skipped';
      readonly text: string;
    }
  | {
      readonly kind: 'routing';
      readonly decision: 'local' | 'forward' | 'output' | 'none';
      readonly device?: string;
      readonly text: string;
    }
  | { readonly kind: 'stack'; readonly text: string }
  /** A rule of ebtables that was tested. `verdict`: ACCEPT, DROP, `jump CHAIN`, or a target and how it ended. */
  | ({
      readonly kind: 'bridge-rule';
      readonly matched: true;
      readonly verdict: string;
      readonly detail?: string;
    } & BridgeStepPlace)
  | ({
      readonly kind: 'bridge-rule';
      readonly matched: false;
      readonly option: string;
      readonly saw: string;
    } & BridgeStepPlace)
  | ({ readonly kind: 'bridge-policy'; readonly verdict: string } & BridgeStepPlace)
  /** What the bridge does with the frame. */
  | { readonly kind: 'bridge'; readonly text: string }
  /** A helper expects another connection. */
  | { readonly kind: 'helper'; readonly hook: Hook; readonly text: string }
  | { readonly kind: 'ipvs'; readonly hook: Hook; readonly text: string }
  | { readonly kind: 'end'; readonly fate: Fate };
